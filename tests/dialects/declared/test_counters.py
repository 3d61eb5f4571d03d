"""A counter breaks its requirement where its numbers are others than declared."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamchat_conformance.dialects.registry import UnknownDialectError, dialect_named

from .streams import event, own_red, written

TEXT = """
[dialect]
name = "counted"
path = "/counted"
[request]
template = '{"q": "$prompt"}'
[stream]
kind = "/type"
keepalive = ["event:ping"]
counter = COUNTER
[[event]]
kind = "piece"
text = "/text"
states = { open = "open" }
[[event]]
kind = "end"
states = { open = "complete" }
"""
RISING, EXACT = '"/n"', '{ at = "/n", step = 1, first = 5 }'


def numbered(*numbers: object) -> str:
    """Return a stream with pieces of these numbers; of a word, an event of that kind."""
    blocks = []
    for each in numbers:
        kind, _, number = str(each).rpartition(" ")
        blocks.append(f'{{"type": "{kind or "piece"}", "text": "x", "n": {number}}}')
    return "".join(event(data) for data in blocks) + event('{"type": "end"}')


STREAMS = {
    "sound": ((5, 6, 7), set(), set()),
    "with a gap": ((5, 7), set(), {"counter"}),
    "with another beginning": ((0, 1), set(), {"counter"}),
    "with a number twice": ((5, 5, 6), {"counter"}, {"counter"}),
    "that falls": ((5, 6, 4), {"counter"}, {"counter"}),
    "with text for a number": ((5, '"6"', 7), set(), set()),
    "with a keep-alive that counts": ((5, "ping 6", 7), set(), set()),
    "with a keep-alive that does not count": ((5, "ping 5", 6), set(), set()),
    "with a keep-alive of another counter": ((5, "ping 900", 6), set(), set()),
    "with a keep-alive first": (("ping 5", 6), set(), set()),
    "with an unknown event that counts": ((5, "debug 6", 7), set(), set()),
    "with a gap after a keep-alive": ((5, "ping 6", 8), set(), {"counter"}),
}


@pytest.mark.parametrize(("numbers", "rising", "exact"), STREAMS.values(), ids=STREAMS)
def test_numbers_break_the_counter_that_they_should(
    tmp_path: Path, numbers: tuple[object, ...], rising: set[str], exact: set[str]
) -> None:
    for name, counter, red in (("rising", RISING, rising), ("exact", EXACT, exact)):
        folder = tmp_path / name
        folder.mkdir()
        file = written(folder, TEXT.replace("COUNTER", counter))
        assert own_red(file, numbered(*numbers)) == red


def test_an_event_that_cannot_be_read_leaves_the_next_number_open(tmp_path: Path) -> None:
    file = written(tmp_path, TEXT.replace("COUNTER", EXACT))
    answer = numbered(5, 6, 7).replace('"n": 6', '"n": ', 1)
    assert own_red(file, answer) == set()


MISTAKES = {
    "1": "a JSON pointer, or { at = POINTER",
    "{ step = 1 }": "'counter' needs 'at'",
    '{ at = "/n", stpe = 1 }': "did you mean 'step'?",
    '{ at = "/n", step = 0 }': "a whole number of 1 or more",
    '{ at = "/n", first = "0" }': "a whole number",
    '{ at = "n" }': "did you mean '/n'?",
}


@pytest.mark.parametrize(("counter", "message"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_in_a_counter_is_named(tmp_path: Path, counter: str, message: str) -> None:
    with pytest.raises(UnknownDialectError) as raised:
        dialect_named(written(tmp_path, TEXT.replace("COUNTER", counter)))
    assert message in str(raised.value)
    assert "dialect.toml:10: " in str(raised.value)
