from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from streamchat_conformance.dialects.stream_chat.places import places
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.dialects.stream_chat.strategies import (
    any_json,
    bodies_missing,
    bodies_with,
    raw_body,
    valid_bodies,
)
from streamchat_conformance.strategies import (
    arbitrary_bodies,
    deep_nesting,
    huge_number,
    is_json,
    lone_surrogate_bodies,
    non_finite_bodies,
    not_object_bodies,
    not_utf8_bodies,
    out_of_range_bodies,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PLACES = places(ChatRequest("Hello", []))

PROPERTY = settings(deadline=None)

Json: TypeAlias = Any
"""Any JSON value."""


def is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def numbers(value: Json) -> list[float]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [number for each in inner for number in numbers(each)]
    return [value] if isinstance(value, float) else []


def is_valid_request(value: Json) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("prompt"), str)
        and isinstance(value.get("history"), list)
    )


@PROPERTY
@given(valid_bodies())
def test_a_valid_body_is_a_request(body: bytes) -> None:
    assert is_valid_request(json.loads(body.decode("utf-8")))


@PROPERTY
@given(not_object_bodies(PLACES))
def test_a_body_that_is_no_object_is_json_of_another_type(body: bytes) -> None:
    assert is_json(body)
    assert not isinstance(json.loads(body), dict)


def test_bodies_that_are_no_object_are_of_every_type(sample: Callable[..., list[bytes]]) -> None:
    values = [json.loads(body) for body in sample(not_object_bodies(PLACES))]
    assert set(map(type, values)) == {list, str, int, float, bool, type(None)}
    texts = [value for value in values if isinstance(value, str) and is_json(value.encode())]
    assert any(is_valid_request(json.loads(text)) for text in texts)
    assert any(isinstance(value, list) and any(map(is_valid_request, value)) for value in values)


def test_bodies_that_are_no_object_shrink_to_an_empty_array(
    minimal: Callable[..., bytes],
) -> None:
    assert minimal(not_object_bodies(PLACES)) == b"[]"


@pytest.mark.parametrize("member", ["prompt", "history"])
def test_a_body_with_a_member_missing_lacks_only_that(
    minimal: Callable[..., Any], member: str
) -> None:
    @PROPERTY
    @given(bodies_missing(member))
    def lacks_only_that(body: bytes) -> None:
        value = json.loads(body)
        assert member not in {name.casefold() for name in value}
        assert is_valid_request({"prompt": "", "history": [], **value})

    lacks_only_that()
    assert len(minimal(bodies_missing(member))) <= 35


@PROPERTY
@given(bodies_with("history", any_json()))
def test_a_body_with_another_history_keeps_its_prompt(body: bytes) -> None:
    value = json.loads(body)
    assert isinstance(value["prompt"], str)
    assert "history" in value


def test_a_body_with_another_prompt_shrinks_to_the_value(minimal: Callable[..., Any]) -> None:
    assert minimal(bodies_with("prompt", any_json())) == b'{"prompt":null,"history":[]}'


@pytest.mark.parametrize("strategy", [bodies_missing, lambda name: bodies_with(name, any_json())])
def test_a_member_that_no_request_has_is_refused(strategy: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="prompt and history, not 'prompts'"):
        strategy("prompts")


@PROPERTY
@given(not_utf8_bodies(PLACES))
def test_a_body_that_is_not_utf8_is_a_request_to_a_lenient_decoder(body: bytes) -> None:
    assert not is_utf8(body)
    encoding = json.detect_encoding(body)
    lenient = body.decode("latin-1" if encoding.startswith("utf-8") else encoding)
    assert is_valid_request(json.loads(lenient))


@pytest.mark.parametrize(
    "fault",
    [
        b"\xc0\xaf",
        b"\xed\xa0\xbd\xed\xb8\x80",
        b'\xf0\x9f\x98"',
        b'"\x80"',
        b"\xf4\x90\x80\x80",
        b"\xff\xfe{\x00",
        b"{\x00\x00\x00",
    ],
)
def test_bodies_that_are_not_utf8_find_each_kind(minimal: Callable[..., Any], fault: bytes) -> None:
    assert fault in minimal(not_utf8_bodies(PLACES), lambda body: fault in body)


def test_bodies_that_are_not_utf8_shrink_to_one_bad_byte(minimal: Callable[..., Any]) -> None:
    assert minimal(not_utf8_bodies(PLACES)) == raw_body(prompt=b'"\xff"')


@PROPERTY
@given(lone_surrogate_bodies(PLACES))
def test_a_lone_surrogate_body_is_ascii_safe_json_whose_text_utf8_cannot_carry(
    body: bytes,
) -> None:
    assert is_json(body)
    value = json.loads(body)
    assert is_valid_request(value)
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        json.dumps(value, ensure_ascii=False).encode("utf-8")


def test_lone_surrogates_are_found_in_the_prompt_and_in_the_history(
    minimal: Callable[..., Any],
) -> None:
    assert minimal(lone_surrogate_bodies(PLACES)) == rb'{"prompt":"\ud83d","history":[]}'
    minimal(lone_surrogate_bodies(PLACES), lambda body: rb'"content":"\ude00' in body)
    minimal(lone_surrogate_bodies(PLACES), lambda body: rb'[{"\ud83d":0}]' in body)


@PROPERTY
@given(non_finite_bodies(PLACES))
def test_a_non_finite_body_is_a_request_but_for_one_word(body: bytes) -> None:
    assert not is_json(body)
    assert is_json(body, non_finite=True)
    assert is_valid_request(json.loads(body))


@PROPERTY
@given(out_of_range_bodies(PLACES))
def test_an_out_of_range_body_is_a_request_with_a_number_beyond_doubles(body: bytes) -> None:
    value = json.loads(body, parse_int=float)
    assert is_json(body)
    assert is_valid_request(value)
    assert any(math.isinf(number) for number in numbers(value))


@pytest.mark.parametrize("brackets", [{}, {"objects": True}])
@pytest.mark.parametrize("depth", [1, 2, 50])
def test_deep_nesting_is_as_deep_as_asked_and_otherwise_valid(
    depth: int, brackets: dict[str, bool]
) -> None:
    value = json.loads(deep_nesting(PLACES, depth, **brackets))
    assert is_valid_request(value)
    reached, [inner] = 0, value["history"]
    while inner != 0:
        [inner] = inner.values() if isinstance(inner, dict) else inner
        reached += 1
    assert reached == depth


def test_a_huge_number_has_as_many_digits_as_asked() -> None:
    value = json.loads(huge_number(PLACES, 5_000), parse_int=len)
    assert value == {"prompt": "Hello", "history": [5_000]}


@pytest.mark.parametrize("build", [deep_nesting, huge_number])
def test_a_size_below_one_is_refused(build: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"at least 1 .*, not 0|at least 1, not 0"):
        build(PLACES, 0)


def test_arbitrary_bodies_are_of_every_kind(sample: Callable[..., list[bytes]]) -> None:
    drawn = set(sample(arbitrary_bodies(PLACES)))
    readable = {body for body in drawn if is_json(body)}
    assert b"" in drawn
    assert not all(map(is_utf8, drawn))
    assert any(body.startswith(b"\xef\xbb\xbf{") for body in readable)
    assert any(is_valid_request(json.loads(body)) for body in readable)
    assert any(body.startswith(b"{") for body in drawn - readable)
    assert any(body.count(b'"prompt":') == 2 for body in readable)


def test_arbitrary_bodies_shrink_to_nothing(minimal: Callable[..., bytes]) -> None:
    assert minimal(arbitrary_bodies(PLACES)) == b""
