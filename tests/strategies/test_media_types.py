from __future__ import annotations

import re
from email.message import Message
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from streamchat_conformance.strategies import media_types_json, media_types_not_json

# RFC 9110 §8.3.1 (media types), §5.6.6 (parameters), §5.6.2 (tokens), §5.6.4 (quoted strings).

if TYPE_CHECKING:
    from collections.abc import Callable

PROPERTY = settings(deadline=None)

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*"'
_MEDIA_TYPE = re.compile(
    rf"(?P<essence>{_TOKEN}/{_TOKEN})(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))*"
)


def essence(value: str) -> str:
    match = _MEDIA_TYPE.fullmatch(value)
    assert match is not None, f"{value!r} is no media type"
    return match["essence"].lower()


def charset(value: str) -> object:
    message = Message()
    message["Content-Type"] = value
    return message.get_param("charset")


@PROPERTY
@given(media_types_json())
def test_a_json_media_type_is_a_legal_spelling_of_utf8_json(value: str) -> None:
    assert essence(value) == "application/json"
    assert str(charset(value) or "utf-8").lower() == "utf-8"
    assert "\t" not in value


@PROPERTY
@given(media_types_not_json())
def test_another_media_type_is_legal_and_nothing_that_may_pass_for_json(value: str | None) -> None:
    if value is not None:
        assert essence(value) not in {"application/json", "text/json"}
        assert not essence(value).endswith("+json")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonx",
        'text/plain; profile="application/json"',
    ],
)
def test_other_media_types_find_the_common_ones(
    minimal: Callable[..., Any], value: str | None
) -> None:
    assert minimal(media_types_not_json(), lambda drawn: drawn == value) == value


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "APPLICATION/JSON;CHARSET=Utf-8",
        "application/json ;  charset=utf-8",
    ],
)
def test_json_media_types_find_the_legal_spellings(minimal: Callable[..., Any], value: str) -> None:
    assert minimal(media_types_json(), lambda drawn: drawn == value) == value


def test_media_types_shrink_to_the_plainest(minimal: Callable[..., Any]) -> None:
    assert minimal(media_types_json()) == "application/json"
    assert minimal(media_types_not_json()) is None
