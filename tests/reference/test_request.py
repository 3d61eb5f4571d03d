from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_reference.dialects.stream_chat.request import (
    HISTORY_MISSING,
    HISTORY_NOT_LIST,
    NOT_JSON,
    PROMPT_MISSING,
    PROMPT_NOT_STRING,
    InvalidChatRequestError,
    read_chat_request,
)

JSON = "application/json"


def refusal(media_type: str, body: bytes) -> InvalidChatRequestError:
    with pytest.raises(InvalidChatRequestError) as caught:
        read_chat_request(media_type, body)
    return caught.value


def test_a_prompt_and_a_history_make_a_request() -> None:
    request = read_chat_request(JSON, b'{"prompt":"a","history":[1,{"b":[null]}],"more":3}')
    assert request.prompt == "a"
    assert request.history == [1, {"b": [None]}]


def test_an_empty_prompt_and_an_empty_history_are_present() -> None:
    request = read_chat_request(JSON, b'{"prompt":"","history":[]}')
    assert (request.prompt, request.history) == ("", [])


def test_the_echo_repeats_numbers_digit_by_digit() -> None:
    numbers = "[12345678901234567890.10,-0,1e400,1.0]"
    request = read_chat_request(JSON, b'{"prompt":"p","history":' + numbers.encode() + b"}")
    assert request.echo == f'"prompt":"p","history":{numbers}'


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("[]", NOT_JSON),
        ('"x"', NOT_JSON),
        ("1", NOT_JSON),
        ("true", NOT_JSON),
        ("null", NOT_JSON),
        ("", NOT_JSON),
        ("{}", PROMPT_MISSING),
        ('{"history":[]}', PROMPT_MISSING),
        ('{"prompt":null,"history":{}}', PROMPT_MISSING),
        ('{"prompt":""}', HISTORY_MISSING),
        ('{"prompt":1}', HISTORY_MISSING),
        ('{"prompt":"","history":null}', HISTORY_MISSING),
        ('{"prompt":[],"history":{}}', HISTORY_NOT_LIST),
        ('{"prompt":"","history":"x"}', HISTORY_NOT_LIST),
        ('{"prompt":"","history":0}', HISTORY_NOT_LIST),
        ('{"prompt":"","history":false}', HISTORY_NOT_LIST),
        ('{"prompt":0,"history":[]}', PROMPT_NOT_STRING),
        ('{"prompt":false,"history":[]}', PROMPT_NOT_STRING),
    ],
)
def test_a_fault_is_reported_in_the_contracts_words(body: str, error: str) -> None:
    assert refusal(JSON, body.encode()).error == error


def test_with_several_faults_the_first_in_order_is_reported() -> None:
    # Each request fixes the first fault of the one before, and so meets the next.
    steps = [
        ("text/plain", {"prompt": None, "history": {}}, NOT_JSON),
        (JSON, {"prompt": None}, PROMPT_MISSING),
        (JSON, {"prompt": 1}, HISTORY_MISSING),
        (JSON, {"prompt": 1, "history": {}}, HISTORY_NOT_LIST),
        (JSON, {"prompt": 1, "history": []}, PROMPT_NOT_STRING),
    ]
    reported = [refusal(kind, json.dumps(body).encode()).error for kind, body, _ in steps]
    assert reported == [expected for _, _, expected in steps]
    assert all(earlier != later for earlier, later in pairwise(reported))


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/ld+json", "application/vnd.api+json"]
)
def test_json_media_types_are_accepted(media_type: str) -> None:
    assert read_chat_request(media_type, b'{"prompt":"","history":[]}').prompt == ""


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "text/json", "application/jsonp", "text/x+json", "x"]
)
def test_other_media_types_are_refused(media_type: str) -> None:
    assert refusal(media_type, b'{"prompt":"","history":[]}').error == NOT_JSON


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
)
def test_no_body_whatever_is_answered_in_another_way(body: bytes) -> None:
    with suppress(InvalidChatRequestError):
        read_chat_request(JSON, body)
