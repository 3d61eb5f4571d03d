"""A last line is torn where a stream stops inside it, and whole where only its end is missing."""

import pytest
from streamchat_conformance.core.torn_line import torn_line

SENTINEL = "[DONE]"
BEFORE = b'data: {"a": 1}\n\n'


@pytest.mark.parametrize(
    "line",
    [
        b"d",
        b"dat",
        b"data",
        b"eve",
        b"data:",
        b"data: ",
        b'data: {"a": ',
        b'data:{"a": [1',
        b'data: "te',
        b"data: [DON",
        b'data: {"a": "\xe4\xbd',
        b"data: {\xf0\x9f",
    ],
)
def test_a_line_is_torn_that_stops_before_what_it_says_is_whole(line: bytes) -> None:
    assert torn_line(BEFORE + line, SENTINEL) == line


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"data: [DONE]",
        b'data: {"a": 1}',
        b"data: 12",
        b"data: some words",
        b": a comment",
        b"event: message",
        b"id: 7",
        b"error",
        b'data: {"a": "\xff"}',
    ],
)
def test_a_line_is_whole_that_only_lacks_its_end(line: bytes) -> None:
    assert torn_line(BEFORE + line, SENTINEL) == b""


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n", b"\n\n"])
def test_a_line_with_its_end_is_never_torn(end: bytes) -> None:
    assert torn_line(BEFORE + b'data: {"a": ' + end, SENTINEL) == b""


def test_without_a_sentinel_brackets_begin_json() -> None:
    assert torn_line(b"data: [DON", None) == b"data: [DON"
    assert torn_line(b"", None) == b""
