"""Each requirement that follows from a declaration is broken by what breaks it, and it alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamchat_conformance.judges import rules_of

from .streams import HOUSE, event, own_red, reading, written

RIVERS = event('{"delta": "Rivers"}') + event('{"delta": " and boats"}')
DONE = event("bye", "done")
SENTINEL = event("[DONE]")
FAILED = event('{"message": "broken"}', "error")

STREAMS = {
    "sound": (RIVERS + DONE + SENTINEL, set()),
    "with keep-alives": (": x\n\n" + event("-", "ping") + RIVERS + DONE + SENTINEL, set()),
    "failed": (RIVERS + FAILED, set()),
    "failed, with the sentinel": (RIVERS + FAILED + SENTINEL, set()),
    "cut": (RIVERS, {"terminal"}),
    "with the sentinel alone": (RIVERS + SENTINEL, {"terminal"}),
    "without the sentinel": (RIVERS + DONE, {"sentinel"}),
    "with another sentinel": (RIVERS + DONE + event("[END]"), {"sentinel"}),
    "with two sentinels": (RIVERS + DONE + SENTINEL + SENTINEL, {"sentinel"}),
    "ended after its sentinel": (RIVERS + SENTINEL + DONE, {"sentinel"}),
    "with text after the end": (RIVERS + DONE + RIVERS + SENTINEL, {"after-terminal"}),
    "with text after the sentinel": (RIVERS + DONE + SENTINEL + RIVERS, {"after-terminal"}),
    "ended twice": (RIVERS + DONE + DONE + SENTINEL, {"after-terminal"}),
    "with text after a failure": (RIVERS + FAILED + RIVERS, {"after-terminal"}),
    "ended after a failure": (RIVERS + FAILED + DONE + SENTINEL, {"after-terminal"}),
    "with a number for text": (event('{"delta": 1}') + RIVERS + DONE + SENTINEL, {"schema"}),
    "without a member": (event('{"dleta": "x"}') + RIVERS + DONE + SENTINEL, {"schema"}),
    "with a failure of no shape": (RIVERS + event("{}", "error"), {"schema"}),
    "with a strange event": (event("{}", "strange") + RIVERS + DONE + SENTINEL, {"names"}),
    "without text": (DONE + SENTINEL, {"text"}),
    "with empty text": (event('{"delta": ""}') + DONE + SENTINEL, {"text"}),
}


@pytest.mark.parametrize(("answer", "red"), STREAMS.values(), ids=STREAMS)
def test_a_stream_of_the_house_breaks_what_it_should(answer: str, red: set[str]) -> None:
    assert own_red(HOUSE, answer) == red


REFUSED = "422 Unprocessable\r\nContent-Type: application/json"
REFUSALS = {
    "sound": (REFUSED, '{"detail": "no"}', set()),
    "of another status": (REFUSED.replace("422", "409"), '{"detail": "no"}', {"refusal"}),
    "of another type": (REFUSED, '{"detail": ["no"]}', {"refusal"}),
    "as text": (REFUSED.replace("application/json", "text/plain"), "no", {"refusal"}),
    "with 200": (REFUSED.replace("422 Unprocessable", "200 OK"), "{}", {"required"}),
}


@pytest.mark.parametrize(("head", "answer", "red"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_breaks_what_it_should(head: str, answer: str, red: set[str]) -> None:
    assert own_red(HOUSE, answer, head=head, body=b'{"turns": []}') == red


def test_the_member_that_is_lacking_stands_in_the_finding() -> None:
    judge = rules_of(HOUSE).judges["house.required"]
    for body, what in (
        (b'{"turns": []}', "without /message"),
        (b'{"message": null, "turns": []}', "with null for /message"),
        (b'{"message": "x", "turns": {}}', "with something else than array for /turns"),
    ):
        (finding,) = judge(reading(HOUSE, RIVERS + DONE + SENTINEL, body=body)) or []
        assert finding.message == f"a request {what} was not refused"


def test_unknown_members_are_ignored_where_that_is_declared() -> None:
    body = b'{"message": "Hello", "turns": [], "session": "x", "other": 1}'
    assert own_red(HOUSE, RIVERS + DONE + SENTINEL, body=body) == set()
    assert own_red(HOUSE, '{"detail": "x"}', head=REFUSED, body=body) == {"unknown-members"}


def test_an_end_that_is_not_json_is_seen() -> None:
    assert reading(HOUSE, RIVERS + DONE + SENTINEL).content.finished
    assert not reading(HOUSE, RIVERS + SENTINEL).content.finished
    assert reading(HOUSE, RIVERS + FAILED).content.failure is not None


BLOCKS = """\
[dialect]
name = "blocks"
path = "/b"
[request]
template = '{"q": "$prompt"}'
[stream]
kind = "/type"
start = "new"
keepalive = ["event:beat", "sse-event:ping"]
unknown = "red"
counter = "/n"
same = ["/id"]
[[event]]
kind = "start"
require = { "/id" = ["string", "integer"] }
states = { new = "open" }
[[event]]
kind = "block"
scope = "/b"
opens = true
states = { open = "open" }
[[event]]
kind = "delta"
scope = "/b"
needs = true
text = "/parts/*/text"
text_unless = { thought = true }
text_optional = true
states = { open = "open" }
[[event]]
kind = "stop"
scope = "/b"
closes = true
states = { open = "open" }
[[event]]
kind = "end"
when = { "/why" = "ERROR" }
states = { open = "failed" }
[[event]]
kind = "end"
equal = { "/text" = "joined" }
complete_when = { "/why" = "non-null" }
[[event]]
kind = "usage"
states = { complete = "complete", open = "open" }
"""

START = event('{"type": "start", "id": 7, "n": 1}')
OPEN = event('{"type": "block", "b": "x", "n": 2}')
TEXT = event('{"type": "delta", "b": "x", "n": 3, "parts": [{"text": "a"}, {"text": "b"}]}')
THOUGHT = event('{"type": "delta", "b": "x", "n": 4, "parts": [{"thought": true, "text": "?"}]}')
STOP = event('{"type": "stop", "b": "x", "n": 5}')
END = event('{"type": "end", "why": "stop", "text": "ab", "n": 6}')
USAGE = event('{"type": "usage", "tokens": 3, "n": 7}')
WHOLE = START + OPEN + TEXT + THOUGHT + STOP + END + USAGE

BLOCK_STREAMS = {
    "sound": (WHOLE, set()),
    "with an unknown kind": (WHOLE + event('{"type": "x"}'), {"names"}),
    "with keep-alives": (event('{"type": "beat"}') + WHOLE + "event: ping\ndata\n\n", set()),
    "with a failure": (START + event('{"type": "end", "why": "ERROR", "n": 2}'), set()),
    "not started": (OPEN + TEXT + STOP + END, {"order"}),
    "started twice": (START + START.replace("1}", "1.5}") + WHOLE[len(START) :], {"order"}),
    "opened twice": (WHOLE.replace(TEXT, OPEN.replace("2}", "2.5}") + TEXT), {"order"}),
    "not opened": (WHOLE.replace(OPEN, "").replace(STOP, ""), {"order"}),
    "not closed": (WHOLE.replace(STOP, ""), {"order"}),
    "with a number that falls": (WHOLE.replace('"n": 5', '"n": 2'), {"counter"}),
    "with another id": (WHOLE.replace('"n": 5', '"n": 5, "id": 8'), {"same"}),
    "with another text at the end": (WHOLE.replace('"ab"', '"ba"'), {"final-text"}),
    "with usage at the wrong time": (USAGE.replace("7", "0.5") + WHOLE, {"order"}),
    "with an end that is none": (WHOLE.replace('"stop", "t', 'null, "t'), {"terminal"}),
    "with a member of another type": (WHOLE.replace('"id": 7', '"id": null'), {"schema"}),
}


@pytest.mark.parametrize(("answer", "red"), BLOCK_STREAMS.values(), ids=BLOCK_STREAMS)
def test_a_stream_of_blocks_breaks_what_it_should(
    answer: str, red: set[str], tmp_path: Path
) -> None:
    file = written(tmp_path, BLOCKS)
    assert own_red(file, answer) == red
    assert "".join(piece.text for piece in reading(file, WHOLE).content.pieces) == "ab"


PLAIN_TEXT = """\
[dialect]
name = "plain"
path = "/p"
[request]
template = '{"q": "$prompt"}'
[stream]
kind = "event"
[[event]]
kind = "message"
json = false
text = ""
[[event]]
kind = "end"
json = false
states = { open = "complete" }
"""


def test_text_that_is_not_json_is_read(tmp_path: Path) -> None:
    file = written(tmp_path, PLAIN_TEXT)
    found = reading(file, event("Rivers") + event(" and 3") + event("", "end"))
    assert [piece.text for piece in found.content.pieces] == ["Rivers", " and 3"]
    assert own_red(file, found.body.decode()) == set()


CUMULATIVE = """\
[dialect]
name = "grow"
path = "/g"
[request]
template = '{"q": "$prompt"}'
[[event]]
when = { "/done" = true }
equal = { "/answer" = "joined" }
states = { open = "complete" }
[[event]]
text = "/so_far"
replace = true
"""


def test_text_that_is_sent_whole_again_is_kept_once(tmp_path: Path) -> None:
    file = written(tmp_path, CUMULATIVE)
    parts = event('{"so_far": "Riv"}') + event('{"so_far": "Rivers"}')
    sound = parts + event('{"done": true, "answer": "Rivers"}')
    assert own_red(file, sound) == set()
    assert own_red(file, sound.replace('"answer": "R', '"answer": "r')) == {"final-text"}
    assert own_red(file, parts) == {"terminal"}


def test_a_stream_of_many_faults_is_judged_in_a_moment() -> None:
    many = event('{"delta": 1}') * 5_000
    found = reading(HOUSE, many + event("{}", "strange"))
    findings = rules_of(HOUSE).judges["house.schema"](found) or []
    assert 0 < len(findings) < 10
    assert own_red(HOUSE, event('{"delta": 1}') * 300 + event("{}", "strange")) >= {"names"}
