"""Reading a Messages request: which are accepted, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamchat_reference.dialects.anthropic import members as of
from streamchat_reference.dialects.anthropic.refusals import MessageRefusedError
from streamchat_reference.dialects.anthropic.tools import read_tools
from streamchat_reference.dialects.anthropic.turns import count_tokens, read_turns
from streamchat_reference.dialects.talks import question_of, read_object

if TYPE_CHECKING:
    from streamchat_reference.answerers.interface import Answerer, Question
    from streamchat_reference.dialects.anthropic.turns import Turn
    from streamchat_reference.lossless_json import PlainJson


@dataclass(frozen=True)
class AskedMessage:
    """A question, and in which form its answer is wanted. Unknown members are ignored."""

    question: Question
    prompt_tokens: int
    cap: int
    stream: bool = False
    stops: tuple[str, ...] = ()
    thinking: bool = False
    """Whether the answerer's reasoning is wanted."""


def read_message_request(media_type: str, body: bytes, answerer: Answerer) -> AskedMessage:
    """Read the request from its media type (lower case, no parameters) and its body.

    Raises `MessageRefusedError`: nothing that can be refused here fails later in the stream.
    """
    members = read_object(media_type, body, MessageRefusedError)
    model = members.get("model")
    # Any name will do: clients of this dialect ask for models of one vendor, and there is one.
    if not isinstance(model, str) or not model:
        raise MessageRefusedError("model: Input should be a valid string")
    cap = of.integer(members, "max_tokens", 1)
    if cap is None:
        raise MessageRefusedError("max_tokens: Field required")
    turns = read_turns(members.get("system"), members.get("messages"))
    options: dict[str, PlainJson | None] = {
        "max_tokens": cap,
        "temperature": of.number(members, "temperature"),
        "top_p": of.number(members, "top_p"),
        "stream_options": {"include_usage": True},
    }
    of.integer(members, "top_k", 0)
    return AskedMessage(
        question=_question(members, turns, answerer, options),
        prompt_tokens=count_tokens(turns),
        cap=cap,
        stream=of.boolean(members, "stream"),
        stops=_stops(members.get("stop_sequences")),
        thinking=_thinking(members.get("thinking")),
    )


def _question(
    members: dict[str, PlainJson],
    turns: list[Turn],
    answerer: Answerer,
    options: dict[str, PlainJson | None],
) -> Question:
    tools, must_call, several = read_tools(members.get("tools"), members.get("tool_choice"))
    if must_call and not answerer.calls_tools:
        raise MessageRefusedError("tool_choice: this model calls no tools")
    return question_of(
        turns, tools=tools, must_call=must_call, parallel_calls=several, options=options
    )


def _stops(value: PlainJson) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list):
        texts = tuple(stop for stop in value if isinstance(stop, str) and stop.strip())
        if len(texts) == len(value):
            return texts
    raise MessageRefusedError(
        "stop_sequences: Input should be a list of strings, each with more than whitespace"
    )


def _thinking(value: PlainJson) -> bool:
    match value:
        case None | {"type": "disabled"}:
            return False
        case {"type": "enabled", "budget_tokens": int(budget)} if budget > 0:
            return True
        case {"type": "adaptive"}:
            return True
    raise MessageRefusedError(
        "thinking: Input should be of type 'disabled', 'adaptive', or 'enabled' with budget_tokens"
    )
