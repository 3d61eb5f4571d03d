from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from streamchat_reference.http.request_body import (
    BodyError,
    BodyTooLargeError,
    BodyTooLateError,
    read_body,
)

LIMIT_BYTES = 1000


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, _size: int) -> bytes:
        raise self.error


def environ(body: bytes, **more: str) -> dict[str, Any]:
    return {"wsgi.input": BytesIO(body), **more}


def chunked(body: bytes) -> dict[str, Any]:
    marks = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return {"wsgi.input": BytesIO(body), **marks}


def test_a_body_is_read_to_its_declared_length_and_no_further() -> None:
    request = environ(b"abcdef", CONTENT_LENGTH="4")
    assert read_body(request, LIMIT_BYTES) == b"abcd"
    assert request["wsgi.input"].read() == b"ef"


def test_leading_zeros_do_not_change_a_length() -> None:
    assert read_body(environ(b"abcdef", CONTENT_LENGTH="0" * 30 + "4"), LIMIT_BYTES) == b"abcd"


def test_a_chunked_body_is_read_to_its_end() -> None:
    assert read_body(chunked(b"abcdef"), LIMIT_BYTES) == b"abcdef"


def test_without_length_and_coding_nothing_is_read() -> None:
    request = environ(b"next request")
    assert read_body(request, LIMIT_BYTES) == b""
    assert request["wsgi.input"].tell() == 0


def test_a_body_of_just_the_limit_is_read() -> None:
    body = b"x" * LIMIT_BYTES
    assert read_body(environ(body, CONTENT_LENGTH=str(LIMIT_BYTES)), LIMIT_BYTES) == body
    assert read_body(chunked(body), LIMIT_BYTES) == body


def test_a_body_declared_too_large_is_refused_unread() -> None:
    request = environ(b"x" * 2000, CONTENT_LENGTH="1001")
    with pytest.raises(BodyTooLargeError):
        read_body(request, LIMIT_BYTES)
    assert request["wsgi.input"].tell() == 0


def test_a_length_beyond_all_measure_is_too_large() -> None:
    with pytest.raises(BodyTooLargeError):
        read_body(environ(b"", CONTENT_LENGTH="9" * 5000), LIMIT_BYTES)


def test_a_chunked_body_is_not_read_beyond_the_limit() -> None:
    request = chunked(b"x" * 2000)
    with pytest.raises(BodyTooLargeError):
        read_body(request, LIMIT_BYTES)
    assert request["wsgi.input"].tell() == LIMIT_BYTES + 1


@pytest.mark.parametrize("length", ["-1", "+4", "4_0", "x", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_a_length_that_is_not_digits_is_refused(length: str) -> None:
    with pytest.raises(BodyError):
        read_body(environ(b"abcd", CONTENT_LENGTH=length), LIMIT_BYTES)


def test_a_body_that_ends_early_is_refused() -> None:
    with pytest.raises(BodyError):
        read_body(environ(b"abc", CONTENT_LENGTH="4"), LIMIT_BYTES)


@pytest.mark.parametrize("error", [ValueError(), OSError(), RuntimeError(), Exception()])
def test_whatever_the_server_raises_is_a_refusal(error: Exception) -> None:
    with pytest.raises(BodyError) as caught:
        read_body({"wsgi.input": Failing(error), "CONTENT_LENGTH": "1"}, LIMIT_BYTES)
    assert caught.value.status == 400


def test_a_late_body_is_distinguished() -> None:
    with pytest.raises(BodyTooLateError) as caught:
        read_body({"wsgi.input": Failing(TimeoutError()), "CONTENT_LENGTH": "1"}, LIMIT_BYTES)
    assert caught.value.status == 408
