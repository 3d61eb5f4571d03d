"""Lines that clients ignore are found, however quickly a body without one is recognised."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.dialects.chat_messages.repeated_events import RepeatedEvents
from streamchat_load.verification.malformed_lines import LINE_LIMIT_BYTES, malformed_line

COMMENT = b":\n"
"""Behind it a body is looked at line by line."""
LINES = (b"data: x", b"data", b"data:", b"", b"", b"event: y", b"date: x", b": alive", b"id: 1")


def found_in(body: bytes) -> tuple[int, str] | None:
    return malformed_line(body, limit_bytes=LINE_LIMIT_BYTES, ended=True)


@given(st.lists(st.sampled_from(LINES)))
def test_a_malformed_line_is_found_at_its_place_among_any_others(lines: list[bytes]) -> None:
    body = b"\n".join(lines) + b"\n\n"
    slowly = found_in(COMMENT + body)
    assert found_in(body) == (slowly and (slowly[0] - len(COMMENT), slowly[1]))


@pytest.mark.parametrize("inside", ['a"b', "a\tb", "a\x7fb\x01", "a\\", '", "x": "'])
def test_what_is_no_string_of_json_repeats_no_event(inside: str) -> None:
    repeated = RepeatedEvents("content")
    repeated.learn("message", '{"content": "Hi"}', "Hi")
    assert repeated.text_of("message", f'{{"content": "{inside}"}}') is None


@given(st.text(), st.booleans())
def test_every_text_is_what_a_repeated_event_says(text: str, escaped: bool) -> None:
    repeated = RepeatedEvents("content")
    repeated.learn("message", '{"content": "Hi"}', "Hi")
    data = json.dumps({"content": text}, ensure_ascii=escaped)
    assert repeated.text_of("message", data) == text
