"""The second dialect on the fixtures' control server."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from streamchat_fixtures.control import Chat, Refusal, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_fixtures.control import JSONValue, Turn

WORDS = ("Rivers ", "and ", "bridges ", "and ", "boats")


class AcmeSteps(Steps):
    """`POST /v2/talk`: tokens, then done and [END]."""

    path = "/v2/talk"
    plain: ClassVar = {"ask": "Hello", "turns": []}

    def check_members(self, turn: Turn, members: dict[str, JSONValue]) -> Chat:
        ask, turns = members.get("ask"), members.get("turns")
        if not isinstance(ask, str) or not isinstance(turns, list):
            raise Refusal(400, "ask is a text, and turns is a list")
        return Chat(ask, turns, members)

    def refusal_value(self, turn: Turn, refusal: Refusal) -> JSONValue:
        return {"problem": {"message": refusal.text}}

    def payload(self, turn: Turn, index: int) -> JSONValue:
        return {"t": WORDS[index % len(WORDS)]}

    def event_name(self, turn: Turn, index: int) -> str:
        return "token"

    def closing(self, turn: Turn) -> Iterator[bytes]:
        yield self.frame(turn, self.encode(turn, {"tokens": turn.blocks_sent}), "done")
        yield b"data: [END]\n\n"

    def failure(self, turn: Turn) -> Iterator[bytes]:
        problem = {"problem": {"message": "The answer broke off"}}
        yield self.frame(turn, self.encode(turn, problem), "failed")
