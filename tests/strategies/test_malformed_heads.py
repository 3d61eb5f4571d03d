from __future__ import annotations

import re

import h11
import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from streamchat_conformance.strategies import (
    Malformation,
    MalformedHead,
    RefusalStrength,
    RequestParts,
    doubtful_heads,
    malformed_heads,
    ungrammatical_heads,
    well_formed_request,
)

PARTS = RequestParts(
    target="/api/stream-chat",
    authority="127.0.0.1:5000",
    body=b'{"prompt":"Hello","history":[]}',
    fields=(("Authorization", "Bearer abc"),),
)
READ_BY_H11 = {"version-2.0", "version-9.9"}
"""h11 leaves the version to the server that uses it."""
GOOD = well_formed_request(PARTS)
REFUSED = (*malformed_heads(PARTS), *ungrammatical_heads(PARTS))


def named(head: MalformedHead) -> str:
    return head.name


def read_by_h11(request: bytes) -> bytes:
    """Return the request's body. Raises RemoteProtocolError where h11 refuses it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(request)
    connection.receive_data(b"")
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Request | h11.Data)
        body += event.data if isinstance(event, h11.Data) else b""
    return body


def read_by_gunicorn(request: bytes) -> bytes:
    """Return the request's body. Raises ParseException where gunicorn refuses it."""
    message = next(RequestParser(Config(), iter([request]), ("127.0.0.1", 1)))
    assert message.body is not None
    return bytes(message.body.read())


def test_the_request_that_all_are_made_from_is_read_by_both_servers() -> None:
    assert read_by_h11(GOOD) == PARTS.body
    assert read_by_gunicorn(GOOD) == PARTS.body


@pytest.mark.parametrize(
    "head", [head for head in REFUSED if head.name not in READ_BY_H11], ids=named
)
def test_a_malformed_head_is_refused_by_h11(head: MalformedHead) -> None:
    with pytest.raises(h11.RemoteProtocolError):
        read_by_h11(head.request)


@pytest.mark.parametrize("head", REFUSED, ids=named)
def test_a_malformed_head_is_refused_by_gunicorn(head: MalformedHead) -> None:
    with pytest.raises(ParseException):
        read_by_gunicorn(head.request)


def lines_of(request: bytes) -> set[bytes]:
    """Return the lines of a head, and its body whichever way it is framed."""
    return set(request.partition(b"\r\n\r\n")[0].split(b"\r\n"))


@pytest.mark.parametrize("head", REFUSED, ids=named)
def test_a_malformed_head_differs_from_the_good_request_in_one_place(head: MalformedHead) -> None:
    good, malformed = lines_of(GOOD), lines_of(head.request)
    lost, new = good - malformed, malformed - good
    chunked = b"\r\n1f\r\n" + PARTS.body + b"\r\n0\r\n\r\n"
    if any(line.lower().startswith(b"transfer-encoding") for line in new):
        assert lost == {b"Content-Length: 31"}
        assert len(new) == 1
        assert head.request.endswith(chunked)
    else:
        assert len(new) == 1
        assert len(lost) <= 1
        assert head.request.endswith(b"\r\n\r\n" + PARTS.body)


@pytest.mark.parametrize("head", [*REFUSED, *doubtful_heads(PARTS)], ids=named)
def test_each_head_names_its_rule(head: MalformedHead) -> None:
    assert re.fullmatch(r"[a-z0-9.]+(-[a-z0-9.]+)*", head.name)
    assert re.match(r"RFC 911[02] §\d", head.section)
    assert head.reason
    assert b"Authorization: Bearer abc" in head.request
    assert head.request != GOOD


def test_names_are_unique() -> None:
    names = [head.name for head in (*REFUSED, *doubtful_heads(PARTS))]
    assert len(set(names)) == len(names)


def test_every_part_of_a_message_is_malformed() -> None:
    assert {head.where for head in REFUSED} == set(Malformation)


def test_only_what_a_must_forbids_is_called_malformed() -> None:
    assert {head.refusal for head in malformed_heads(PARTS)} == {RefusalStrength.MUST}
    assert {head.refusal for head in ungrammatical_heads(PARTS)} == {RefusalStrength.SHOULD}


@pytest.mark.parametrize(
    "name", ["folded-field-line", "bare-lf-line-ends", "length-twice", "target-with-fragment"]
)
def test_doubtful_heads_are_read_by_a_server_in_wide_use(name: str) -> None:
    [head] = [head for head in doubtful_heads(PARTS) if head.name == name]
    assert read_by_h11(head.request) == PARTS.body


def test_a_body_too_short_to_spoil_is_refused() -> None:
    with pytest.raises(ValueError, match="at least the 2 bytes of an object, not 1"):
        malformed_heads(RequestParts(target="/", authority="a", body=b"1"))
