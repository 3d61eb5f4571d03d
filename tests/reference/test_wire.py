"""What the served endpoint puts on the wire, byte for byte."""

from __future__ import annotations

import json
import socket
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from streamchat_reference.http.serving import KEEP_ALIVE_S

from .harness import VALID, chunked, events, post, running_server

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import RunningServer

MIB = 1024 * 1024


def test_a_stream_has_the_head_of_the_contract(server: RunningServer) -> None:
    head = server.exchange(post()).head
    assert head.raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.values("content-type") == ["text/event-stream"]
    assert head.values("cache-control") == ["no-cache, no-transform"]
    assert head.values("connection") == ["keep-alive"]
    assert head.values("x-accel-buffering") == ["no"]
    assert head.values("transfer-encoding") == ["chunked"]
    assert head.values("content-length") == head.values("content-encoding") == []
    (date,) = head.values("date")
    assert parsedate_to_datetime(date).tzinfo is not None


def test_each_event_is_one_chunk_and_leaves_when_it_is_made(server: RunningServer) -> None:
    with server.connect() as conversation:
        conversation.send(post())
        conversation.read_head()
        arrivals = []
        while chunk := conversation.read_chunk():
            assert chunk.endswith(b"\n\n")
            arrivals.append((chunk[:5], time.monotonic()))
    assert [start for start, _ in arrivals] == [b": ope", b"data:", b"data:", b"data:"]
    assert arrivals[-1][1] - arrivals[1][1] > 0.1


def test_the_echo_is_exact(server: RunningServer) -> None:
    history = '[12345678901234567890.10,-0.0,1E400,{"a":[true,null,"\\u2028\\u0000"]},"\U0001f600"]'
    body = f'{{"prompt":"\\n\\ndata: x\\n\\n","history":{history}}}'.encode()
    response = server.exchange(post(body))
    received = response.body.decode("ascii")
    assert received.count('"history":[12345678901234567890.10,-0.0,1E400,') == 3
    assert [event["prompt"] for event in events(response.body)] == ["\n\ndata: x\n\n"] * 3
    assert events(response.body)[0]["history"] == json.loads(history)


def test_the_head_leaves_before_a_slow_first_event_and_comments_follow(tmp_path: Path) -> None:
    # The conversation's own limit is far below the silence before the first event.
    silence = ("--slow-prompt", "SLOW", "--slow-seconds", "600", "--heartbeat", "0.1")
    with running_server(tmp_path, *silence) as server, server.connect() as conversation:
        conversation.send(post({"prompt": "SLOW", "history": []}))
        assert conversation.read_head().status == 200
        for _ in range(3):
            assert b"data: " not in conversation.read_until(b": still here\n\n")


def test_a_failure_in_mid_stream_is_reported_and_the_stream_ends_properly(
    server: RunningServer,
) -> None:
    response = server.exchange(post({"prompt": "FAULT", "history": []}))
    assert len(events(response.body)) == 2
    assert response.body.endswith(
        b'event: error\ndata: {"error":"The answerer failed: this failure is scripted"}\n\n'
    )


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/ld+json"]
)
def test_json_media_types_are_accepted(server: RunningServer, media_type: str) -> None:
    with server.connect() as conversation:
        conversation.send(post(media_type=media_type))
        assert conversation.read_head().status == 200


@pytest.mark.parametrize("media_type", [None, "text/plain", "multipart/form-data; boundary=x", "x"])
def test_other_media_types_are_refused(server: RunningServer, media_type: str | None) -> None:
    assert server.exchange(post(media_type=media_type)).status == 400


@pytest.mark.parametrize("size_bytes", [64 * 1024, MIB])
def test_a_large_prompt_is_accepted(server: RunningServer, size_bytes: int) -> None:
    with server.connect() as conversation:
        conversation.send(post({"prompt": "x" * size_bytes, "history": []}))
        assert conversation.read_head().status == 200
        assert conversation.read_until(b"data: {")


def test_a_chunked_request_body_is_read(server: RunningServer) -> None:
    body = chunked(json.dumps(VALID).encode())
    with server.connect() as conversation:
        conversation.send(post(b"", "Transfer-Encoding: chunked", length=False) + body)
        assert conversation.read_head().status == 200


def test_a_malformed_chunk_is_refused_and_the_connection_closed(server: RunningServer) -> None:
    with server.connect() as conversation:
        conversation.send(post(b"", "Transfer-Encoding: chunked", length=False) + b"zz\r\n{}\r\n")
        response = conversation.read_response()
        assert (response.status, response.head.first("connection")) == (400, "close")
        assert conversation.read_to_end() == b""


def test_expect_continue_is_answered_at_once_and_once(server: RunningServer) -> None:
    request = post(VALID, "Expect: 100-continue")
    head, _, body = request.partition(b"\r\n\r\n")
    with server.connect() as conversation:
        conversation.send(head + b"\r\n\r\n")
        assert conversation.read_head().status == 100
        conversation.send(body)
        assert conversation.read_head().status == 200


def test_a_connection_serves_on_after_a_stream_and_after_refusals(server: RunningServer) -> None:
    with server.connect() as conversation:
        statuses = []
        for request in (
            post(),
            post(b"{"),
            post(media_type=None),
            post(line="PUT / HTTP/1.1"),
            post(),
        ):
            conversation.send(request)
            statuses.append(conversation.read_response().status)
            assert conversation.is_open()
    assert statuses == [200, 400, 400, 405, 200]


def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    prompts = ["one", "two", "three"]
    with server.connect() as conversation:
        conversation.send(
            b"".join(post({"prompt": p, "history": []}) for p in prompts) + post(b"[")
        )
        bodies = [conversation.read_response().body for _ in prompts]
        assert conversation.read_response().status == 400
    assert [events(body)[0]["prompt"] for body in bodies] == prompts


@pytest.mark.parametrize(
    "line", ["POST /api/stream-chat HTTP/1.1", "PUT /x HTTP/1.1", "GET / HTTP/1.1"]
)
@pytest.mark.parametrize("as_chunks", [False, True], ids=["length", "chunked"])
def test_a_body_of_a_mebibyte_is_never_read_as_the_next_request(
    server: RunningServer, line: str, *, as_chunks: bool
) -> None:
    inner = post(line="POST /smuggled HTTP/1.1") * (MIB // 150)
    request = (
        post(b"", "Transfer-Encoding: chunked", line=line, length=False) + chunked(inner, 65536)
        if as_chunks
        else post(inner, line=line)
    )
    with server.connect() as conversation:
        conversation.send(request)
        first = conversation.read_response()
        conversation.send(post(line="DELETE /api/stream-chat HTTP/1.1"))
        assert conversation.read_response().status == 405
    assert first.head.first("connection") == "keep-alive"


@pytest.mark.parametrize("path", ["/", "/api/stream-chat", "/x"])
def test_head_gets_no_body_and_the_connection_serves_on(server: RunningServer, path: str) -> None:
    with server.connect() as conversation:
        conversation.send(post(b"", line=f"HEAD {path} HTTP/1.1") + post(b"{"))
        assert conversation.read_head().status == {"/": 200, "/x": 404}.get(path, 405)
        assert conversation.read_response().status == 400


def test_options_names_the_methods(server: RunningServer) -> None:
    response = server.exchange(post(b"", line="OPTIONS /api/stream-chat HTTP/1.1"))
    assert (response.status, response.body) == (200, b"")
    assert "POST" in (response.head.first("allow") or "")


def test_a_body_too_large_is_refused_unread_and_the_connection_closed(
    server: RunningServer,
) -> None:
    with server.connect() as conversation:
        conversation.send(post(b"x" * (9 * MIB)))
        response = conversation.read_response()
        assert (response.status, response.head.first("connection")) == (413, "close")
        assert conversation.read_to_end() == b""


def test_a_body_too_large_in_chunks_is_refused_and_the_connection_closed(
    server: RunningServer,
) -> None:
    with server.connect() as conversation:
        conversation.send(post(b"", "Transfer-Encoding: chunked", length=False))
        conversation.send(chunked(b"x" * (9 * MIB), MIB))
        response = conversation.read_response()
        assert (response.status, response.head.first("connection")) == (413, "close")


def test_a_body_that_ends_early_is_refused_and_the_connection_closed(
    server: RunningServer,
) -> None:
    with server.connect() as conversation:
        conversation.send(post()[:-1])
        conversation.socket.shutdown(socket.SHUT_WR)
        response = conversation.read_response()
        assert (response.status, response.head.first("connection")) == (400, "close")
        assert conversation.read_to_end() == b""


@pytest.mark.parametrize(
    "field", ["Connection: close", "Connection: x, Close", "Connection: TE\r\nConnection: close"]
)
@pytest.mark.parametrize("body", [VALID, b"{"], ids=["stream", "refusal"])
def test_a_request_to_close_is_honoured(
    server: RunningServer, field: str, body: bytes | dict[str, object]
) -> None:
    with server.connect() as conversation:
        conversation.send(post(body, field) + post())
        assert conversation.read_response().head.values("connection") == ["close"]
        assert conversation.read_to_end() == b""


def test_http10_gets_a_stream_that_ends_with_the_connection(server: RunningServer) -> None:
    with server.connect() as conversation:
        conversation.send(post(line="POST /api/stream-chat HTTP/1.0", host=None))
        response = conversation.read_response()
    assert response.head.version == "HTTP/1.0"
    assert response.head.values("transfer-encoding") == []
    assert len(events(response.body)) == 3


def test_a_higher_minor_version_is_answered_with_http11(server: RunningServer) -> None:
    with server.connect() as conversation:
        conversation.send(post(line="POST /api/stream-chat HTTP/1.2"))
        assert conversation.read_head().version == "HTTP/1.1"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(post(host=None), 400, id="no host"),
        pytest.param(post(VALID, "Host: other"), 400, id="two hosts"),
        pytest.param(post(VALID, "Content-Length: 3"), 400, id="two lengths"),
        pytest.param(post(VALID, "Transfer-Encoding: chunked"), 400, id="length and coding"),
        pytest.param(post(VALID, "Transfer-Encoding: unknown"), 501, id="unknown coding"),
        pytest.param(post(VALID, "X : y"), 400, id="space before colon"),
        pytest.param(post(VALID, "X: y\r\n z"), 400, id="folded field"),
        pytest.param(post(VALID, "X: \0"), 400, id="NUL in field"),
        pytest.param(post(VALID, "Expect: magic"), 417, id="expectation"),
        pytest.param(post(line="POST /api/stream-chat HTTP/2.0"), 505, id="version"),
        pytest.param(post(line="POST /api/stream-chat"), 400, id="no version"),
        pytest.param(post(line="post /api/stream-chat HTTP/1.1"), 400, id="method in lower case"),
        pytest.param(post(line=f"POST /{'x' * 70_000} HTTP/1.1"), 414, id="long target"),
        pytest.param(post(VALID, "X: " + "y" * MIB), 431, id="long field"),
        pytest.param(post(VALID, *["X: y"] * 3000), 431, id="many fields"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400, id="TLS"),
        pytest.param(b"GARBAGE\r\n\r\n", 400, id="garbage"),
    ],
)
def test_malformed_http_is_refused_in_json_and_the_connection_closed(
    server: RunningServer, request_bytes: bytes, status: int
) -> None:
    with server.connect() as conversation:
        conversation.send(request_bytes)
        response = conversation.read_response()
        assert (response.status, response.head.first("connection")) == (status, "close")
        assert response.head.first("content-type") == "application/json"
        assert set(response.json) == {"error"}
        assert conversation.read_to_end() == b""


def test_an_idle_connection_is_kept(server: RunningServer) -> None:
    assert KEEP_ALIVE_S > 5
    with server.connect() as conversation:
        conversation.send(post(b"{"))
        conversation.read_response()
        conversation.socket.settimeout(2.5)
        with pytest.raises(TimeoutError):
            conversation.socket.recv(1)
        conversation.socket.settimeout(5)
        conversation.send(post(b"{"))
        assert conversation.read_response().status == 400
