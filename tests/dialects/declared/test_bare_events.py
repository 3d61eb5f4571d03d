"""Events that come without data or without a kind, where a file declares them."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamchat_conformance.dialects.registry import UnknownDialectError, dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_load.dialects.declared.dialect import DeclaredLoadDialect

from .streams import event, own_red, reading, written

HEAD = """
[dialect]
name = "bare"
path = "/bare"
[request]
template = '{"q": "$prompt"}'
[stream]
"""
NAMED = (
    HEAD
    + """\
kind = "event"
keepalive = ["sse-event:alive"]
[[event]]
kind = "piece"
json = false
text = ""
states = { open = "open" }
[[event]]
kind = "tools"
data = false
states = { open = "busy" }
[[event]]
kind = "result"
states = { busy = "open" }
[[event]]
kind = "end"
data = false
states = { open = "complete" }
"""
)
PIECE, END = event("x", "piece"), "event: end\n\n"
STREAMS = {
    "sound": (PIECE + END, set()),
    "with an end that has data": (PIECE + event("bye", "end"), set()),
    "with an end whose data is empty": (PIECE + "event: end\ndata:\n\n", set()),
    "with a keep-alive without data": ("event: alive\n\n" + PIECE + END, set()),
    "with a keep-alive whose data is empty": ("event: alive\ndata:\n\n" + PIECE + END, set()),
    "with an empty piece": (PIECE + "event: piece\ndata:\n\n" + PIECE + END, set()),
    "with a tool": ("event: tools\n\n" + event("{}", "result") + PIECE + END, set()),
    "without its end": (PIECE, {"bare.terminal"}),
    "cut before the blank line of its end": (PIECE + "event: end\n", {"bare.terminal"}),
    "with a piece after the end": (PIECE + END + PIECE, {"bare.after-terminal"}),
    "with an end while it is busy": (PIECE + "event: tools\n\n" + END, {"bare.order"}),
    "with a piece without data": ("event: piece\n\n" + PIECE + END, {"sse.data"}),
    "with a strange event without data": ("event: x\n\n" + PIECE + END, {"sse.data"}),
}
JUDGED = ("bare.", "sse.data", "sse.no-empty-events", "stream.complete")


@pytest.mark.parametrize(("answer", "red"), STREAMS.values(), ids=STREAMS)
def test_an_event_without_data_is_what_it_is_declared_to_be(
    tmp_path: Path, answer: str, red: set[str]
) -> None:
    file = written(tmp_path, NAMED)
    found = rules_of(file).judge_all(reading(file, answer))
    assert {id_ for id_, findings in found if findings and id_.startswith(JUDGED)} == red


def test_a_load_takes_events_that_it_cannot_see_as_sent(tmp_path: Path) -> None:
    dialect = DeclaredLoadDialect(written(tmp_path, NAMED), {})
    judge = dialect.judge_stream(dialect.build("0" * 16))
    assert [judge.take(*each) for each in (("result", "{}"), ("piece", "x"))] == [None, None]
    assert judge.finish() is None


KINDLESS = (
    HEAD
    + """\
kind = "/result/kind"
unknown = "red"
[[event]]
kind = "piece"
text = "/result/text"
[[event]]
kind = "absent"
require = { "/error/message" = "string" }
states = { open = "failed" }
"""
)
ANSWER = event('{"result": {"kind": "piece", "text": "x"}}')
FAILURES = {
    "sound": ('{"error": {"message": "down"}}', set()),
    "of another shape": ('{"error": "down"}', {"schema"}),
    "of a strange kind": ('{"result": {"kind": "strange"}}', {"names"}),
}


@pytest.mark.parametrize(("data", "red"), FAILURES.values(), ids=FAILURES)
def test_a_failure_without_a_kind_is_what_it_is_declared_to_be(
    tmp_path: Path, data: str, red: set[str]
) -> None:
    assert own_red(written(tmp_path, KINDLESS), ANSWER + event(data)) == red


MISTAKES = {
    "data = false": ("data = false\njson = true", "'json = true' contradicts it"),
    'kind = "event"': ('kind = "/type"', "it needs kind = 'event' in [stream]"),
    'path = "/bare"': ('path = "/bare#part"', "leave out '#' and what follows"),
}


@pytest.mark.parametrize(("old", "new"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_about_bare_events_is_named(
    tmp_path: Path, old: str, new: tuple[str, str]
) -> None:
    text = NAMED.replace(old, new[0], 1).replace("json = false\ntext", "text")
    with pytest.raises(UnknownDialectError) as raised:
        dialect_named(written(tmp_path, text))
    assert new[1] in str(raised.value)


def test_a_failure_that_comes_after_the_end_is_that_alone(tmp_path: Path) -> None:
    text = NAMED + '[[event]]\nkind = "oops"\nstates = { open = "failed" }\n'
    answer = PIECE + END + event("{}", "oops")
    assert own_red(written(tmp_path, text), answer) == {"after-terminal"}
