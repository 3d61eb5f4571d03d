"""Judging HTTP archives, as browsers and proxies save them."""

from __future__ import annotations

import base64

import pytest

from .judging import ECHO, Judge, archive


@pytest.mark.parametrize("encoded", [False, True])
def test_an_archive_is_judged_by_what_it_has_kept(judge: Judge, encoded: bool) -> None:
    text = (ECHO * 2).decode()
    content = {"text": text, "mimeType": "text/event-stream"}
    if encoded:
        content |= {"text": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
    judged = judge(archive(content))
    assert judged.code == 0, judged.out + judged.error
    for id_ in ("payload.prompt-echo", "headers.cache-control", "sse.fields", "headers.status"):
        assert judged.outcome(id_) == "pass", id_
    for id_ in ("transport.chunked", "headers.well-formed", "stream.first-event"):
        assert judged.outcome(id_) == "not-applicable", id_


def test_an_archive_of_http2_says_nothing_of_connections(judge: Judge) -> None:
    content = {"text": ECHO.decode()}
    assert judge(archive(content)).outcome("headers.connection-keep-alive") == "fail"
    over_http2 = judge(archive(content, version="h2"))
    assert over_http2.outcome("headers.connection-keep-alive") == "not-applicable"
    assert over_http2.outcome("payload.json") == "pass"


def test_an_archive_without_bodies_decides_the_head_alone(judge: Judge) -> None:
    judged = judge(archive({"size": 0}, postData=None))
    assert judged.outcome("headers.media-type") == "pass"
    assert judged.outcome("payload.json") == "not-applicable"
    assert judged.outcome("payload.nonempty") == "not-applicable"
    assert "no body of the response" in judged.out


def test_other_requests_of_an_archive_are_left_out(judge: Judge) -> None:
    whole = archive({"text": "data: 1\n\n"})
    (entry,) = archive({"text": "hello"}, method="GET", url="https://x.example/")["log"]["entries"]
    whole["log"]["entries"].insert(0, entry)
    judged = judge(whole)
    assert judged.failed() == {"payload.object"}
    other = judge(whole, "--endpoint-path=/v2/chat")
    assert other.code == 4
    assert "/v2/chat" in other.error
    assert "POST /api/stream-chat" in other.error


def test_cookies_and_keys_of_an_archive_are_told_nowhere(judge: Judge) -> None:
    headers = [
        {"name": "Content-Type", "value": "application/json"},
        {"name": "Cookie", "value": "session=s3cr3t-c00kie"},
        {"name": "X-Api-Key", "value": "s3cr3t-k3y"},
    ]
    judged = judge(archive({"text": "data: 1\n\n"}, headers=headers))
    assert judged.failed() == {"payload.object"}
    assert "s3cr3t" not in judged.out
    assert "s3cr3t" not in str(judged.report)
    exchange = judged.report["exchanges"][0] if judged.report else {}
    assert b"s3cr3t" not in base64.b64decode(exchange["request"]["base64"])
