from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from sampling import examples
from streamchat_conformance.dialects.stream_chat.places import places
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.strategies import is_json, malformed_bodies

if TYPE_CHECKING:
    from collections.abc import Callable


PLACES = places(ChatRequest("Hello", []))

PROPERTY = settings(deadline=None)


@settings(PROPERTY, max_examples=examples(500))
@given(malformed_bodies(PLACES))
def test_a_malformed_body_is_text_that_no_reader_of_json_takes(body: bytes) -> None:
    text = body.decode("utf-8")
    assert body
    assert not is_json(body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


@PROPERTY
@given(malformed_bodies(PLACES))
def test_a_malformed_body_is_malformed_with_or_without_a_byte_order_mark(body: bytes) -> None:
    assert not is_json(b"\xef\xbb\xbf" + body)
    assert not is_json(body.removeprefix(b"\xef\xbb\xbf"))


@pytest.fixture(scope="module")
def drawn(sample: Callable[..., Any]) -> set[bytes]:
    return set(sample(malformed_bodies(PLACES)))


@pytest.mark.parametrize(
    "fault",
    [
        b"],}",
        b'"history":[,]}',
        b"]}}",
        b"]} null",
        b'}{"prompt":',
        b"'history':[]",
        b'{prompt:"',
        b"'hello'",
        b"[hello]",
        b"[undefined]",
        b"[01]",
        b"[.5]",
        rb'"\x41"',
        b"//x\n",
        b"/*x*/",
        b"])",
        b'{"prompt"="',
        b'""history":[',
        b"prompt=Hello&history=[]",
    ],
)
def test_malformed_bodies_find_each_kind(drawn: set[bytes], fault: bytes) -> None:
    assert any(fault in body for body in drawn)


def test_malformed_bodies_find_raw_control_characters(drawn: set[bytes]) -> None:
    for place in (rb'"prompt":', rb'"history":\['):
        assert any(re.search(place + rb'"a[\x00-\x1f]b"', body) for body in drawn)


def test_malformed_bodies_shrink_to_almost_nothing(minimal: Callable[..., Any]) -> None:
    assert minimal(malformed_bodies(PLACES)) == b"{"
