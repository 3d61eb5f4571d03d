"""What a server sends is data: no terminal acts on it, and no flaw of it ends the run."""

from __future__ import annotations

import itertools
import json
import unicodedata
from typing import Any

from streamchat_fixtures.control import ControlServer, Refusal, Turn
from streamchat_fixtures.variants import Change, Variant

from .conftest import Judge
from .test_report import check_form

HOSTILE_TEXT = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnihton\u2066\x00\x7f"


def _hostile_body(before: Any, turn: Turn, refusal: Refusal) -> bytes:
    del before, turn, refusal
    return HOSTILE_TEXT.encode() + b"\x9b\xff"


def _hostile_fields(before: Any, turn: Turn, refusal: Refusal, body: bytes) -> object:
    fields = [field for field in before(turn, refusal, body) if field[0] != "Content-Type"]
    return [("Server", "evil \x1b[31m"), ("Content-Type", "text/\x1b]8;;x\x07html"), *fields]


HOSTILE = Variant(
    name="hostile-text",
    area="test",
    sentence="Says things that a terminal would act on.",
    changes=(
        Change("refusal_body", _hostile_body),
        Change("refusal_fields", _hostile_fields),
    ),
)


def test_no_terminal_acts_on_what_a_server_sent(run: Judge) -> None:
    with ControlServer([HOSTILE]) as server:
        done = run(
            *(f"--target-url={server.url}", "--requirement=error.*", "--requirement=request.b*"),
            "-v",
        )
    assert done.code == 1
    assert "error.media-type" in done.with_outcome("fail")
    raw = {
        character
        for character in done.out + done.error
        if unicodedata.category(character) in {"Cc", "Cf", "Cs"} and character != "\n"
    }
    assert raw == set()
    check_form(done)


def _sometimes_accepts(before: Any, turn: Turn, members: Any) -> str:
    if "prompt" not in members and next(COUNT) % 3 == 2:
        return "nothing"
    return str(before(turn, members))


COUNT = itertools.count()

FLAKY = Variant(
    name="flaky",
    area="test",
    sentence="Accepts every third request without a prompt.",
    changes=(Change("check_prompt", _sometimes_accepts),),
)


def test_a_flaky_target_is_reported_with_the_counts(run: Judge) -> None:
    with ControlServer([FLAKY]) as server:
        done = run(f"--target-url={server.url}", "--requirement=request.prompt-missing")
    assert done.code == 1
    assert done.with_outcome("fail", "error") == {"request.prompt-missing"}
    message = done.entry("request.prompt-missing")["findings"][0]["message"]
    assert "flaky target: the same request failed" in message
    assert "flaky target" in json.dumps(done.report)
