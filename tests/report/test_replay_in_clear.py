"""A request that a replay command carries in base64 is shown in plain text, and inert."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.report.replay import in_clear, replay

HEAD = b"POST /api/stream-chat HTTP/1.1\r\nHost: h\r\n"


def test_a_malformed_request_is_shown_line_by_line() -> None:
    request = HEAD + b"Content-Length : 2\r\n\r\n{}"
    assert in_clear(request) == (
        "POST /api/stream-chat HTTP/1.1 | Host: h | Content-Length : 2 |  | {}"
    )


def test_bare_line_ends_and_controls_are_escaped() -> None:
    shown = in_clear(HEAD + b"X: a\rb\nc\x00\x1b[2J\\\r\n\r\n")
    assert "X: a\\rb\\nc\\x00\\x1b[2J\\\\" in shown


def test_what_curl_sends_needs_no_second_showing() -> None:
    request = HEAD + b"Content-Length: 2\r\n\r\n{}"
    assert replay(request, "http://h").startswith("curl ")
    assert in_clear(request) == ""


@pytest.mark.parametrize(
    ("body", "by_curl"),
    [
        (b"2\r\n{}\r\n0\r\n\r\n", True),
        (b"0\r\n\r\n", True),
        (b"2;name=value\r\n{}\r\n0\r\n\r\n", False),
        (b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", False),
        (b"2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n", False),
    ],
)
def test_chunks_that_curl_does_not_write_are_sent_as_they_are(
    body: bytes, *, by_curl: bool
) -> None:
    request = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body
    assert replay(request, "http://h").startswith("curl ") is by_curl
    assert (in_clear(request) == "") is by_curl


@given(st.binary(max_size=4000))
def test_any_request_is_shown_on_one_printable_line_of_bounded_length(request: bytes) -> None:
    shown = in_clear(request)
    assert shown.isprintable()
    assert len(shown) < 7000
