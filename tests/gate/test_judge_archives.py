"""Judging HTTP archives, as browsers and proxies save them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from .judging import CHAT, ECHO, Judge, archive


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


def test_cookies_and_keys_of_an_archive_are_shown_nowhere(judge: Judge) -> None:
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


@pytest.mark.parametrize(
    "content",
    [
        {"size": 140, "text": ""},
        {"size": 140, "mimeType": "text/event-stream"},
        {"size": 0, "text": ""},
        {"size": -1, "text": "", "comment": "Response bodies are not included."},
        {"text": "", "encoding": "base64"},
    ],
)
@pytest.mark.parametrize("options", [[], ["--ended"]])
def test_a_stream_that_was_not_kept_is_not_judged(
    judge: Judge, content: dict[str, Any], options: list[str]
) -> None:
    judged = judge(archive(content), *options)
    assert judged.code == 0, judged.out
    assert judged.report is not None
    for entry in judged.report["requirements"]:
        if entry["id"].startswith(("sse.", "payload.")):
            assert entry["outcome"] == "not-applicable", entry["id"]
    assert judged.outcome("headers.media-type") == "pass"
    assert "has no body of the response" in judged.out


def test_an_empty_stream_that_was_kept_is_judged(judge: Judge) -> None:
    empty = archive({"size": 0, "text": ""})
    empty["log"]["entries"][0]["response"]["bodySize"] = 0
    assert judge(empty).code == 0
    assert judge(empty, "--ended").failed() == {"payload.nonempty"}


def refusal(content: dict[str, Any], **request: Any) -> dict[str, Any]:
    whole = archive(content, status=400, **request)
    whole["log"]["entries"][0]["response"]["headers"] = [
        {"name": "Content-Type", "value": "application/json"}
    ]
    return whole


def test_the_body_of_a_refusal_that_was_not_kept_is_not_judged(judge: Judge) -> None:
    post = {"text": "{"}
    for content in ({"size": 38, "text": ""}, {"size": 38, "text": '{"error": "Requ'}):
        judged = judge(refusal(content, postData=post), "--ended")
        assert judged.code == 0, judged.out
        assert judged.outcome("error.shape") == "not-applicable"
        assert judged.outcome("error.status") == "pass"
    kept = refusal({"size": 2, "text": "{}"}, postData=post)
    assert judge(kept).failed() == {"error.shape"}


@pytest.mark.parametrize(
    "request_",
    [
        {"postData": None, "bodySize": 38},
        {"postData": {"text": ""}, "bodySize": -1},
        {"postData": {"text": '{"prom'}, "bodySize": 38},
        {"postData": {"params": [], "mimeType": "application/json"}},
    ],
)
def test_a_refusal_of_an_unknown_request_may_be_right(
    judge: Judge, request_: dict[str, Any]
) -> None:
    judged = judge(refusal({"text": '{"error": "x"}'}, **request_))
    assert judged.failed() == set()
    assert judged.outcome("request.valid-accepted") == "not-applicable"
    assert "whose body is not there" in judged.out
    stream = judge(archive({"text": ECHO.decode()}, **request_))
    assert stream.code == 0, stream.out
    assert stream.outcome("payload.prompt-echo") == "not-applicable"


def test_a_request_that_had_no_body_is_known(judge: Judge) -> None:
    judged = judge(archive({"text": ECHO.decode()}, postData=None, bodySize=0))
    assert judged.failed() == {"request.body-empty"}


def test_a_stream_that_the_recorder_cut_has_no_end_to_judge(judge: Judge) -> None:
    content = {"size": 9999, "text": ECHO.decode() + "data: {"}
    judged = judge(archive(content), "--ended")
    assert judged.code == 0, judged.out
    assert judged.outcome("payload.json") == "pass"
    assert judged.outcome("sse.final-blank-line") != "fail"
    assert "of a body of 9999" in judged.out


def test_characters_that_the_recorder_changed_are_not_the_servers(judge: Judge) -> None:
    asked = {"text": CHAT.decode().replace("Hello", "Grüße")}
    right = ECHO.decode().replace("Hello", "Grüße")
    size = len(right.encode())
    for wrong in (
        {"size": size, "text": right.encode().decode("latin-1")},
        {"size": size, "text": right.encode().decode("ascii", "replace")},
    ):
        judged = judge(archive(wrong, postData=asked))
        assert judged.code == 0, judged.out
        assert judged.outcome("payload.prompt-echo") == "not-applicable"
        assert judged.outcome("sse.utf8") == "not-applicable"
        assert judged.outcome("payload.json") == "pass"
    faithful = judge(archive({"size": size, "text": right}, postData=asked))
    assert faithful.outcome("payload.prompt-echo") == "pass"
    raw = base64.b64encode(right.encode("latin-1")).decode()
    encoded = {"size": len(right), "text": raw, "encoding": "base64"}
    assert "sse.utf8" in judge(archive(encoded, postData=asked)).failed()


def messages(*data: str) -> list[dict[str, Any]]:
    return [{"time": 1.5, "eventName": "message", "eventId": "", "data": text} for text in data]


def test_events_that_a_browser_kept_are_judged_by_what_they_say(judge: Judge) -> None:
    payload = ECHO.decode().removeprefix("data: ").strip()
    whole = archive({"size": 0})
    entry = whole["log"]["entries"][0]
    entry["_eventSourceMessages"] = messages(payload, payload)
    judged = judge(whole, "--ended")
    assert judged.code == 0, judged.out
    assert judged.outcome("payload.prompt-echo") == "pass"
    assert judged.outcome("sse.fields") == "not-applicable"
    entry["_eventSourceMessages"] = messages(payload, "[DONE]")
    assert judge(whole).failed() == {"payload.json"}
    entry["_eventSourceMessages"] = [5, {}, {"data": 5}]
    assert judge(whole).outcome("payload.json") == "not-applicable"


def entry_of(whole: dict[str, Any]) -> dict[str, Any]:
    (entry,) = whole["log"]["entries"]
    assert isinstance(entry, dict)
    return entry


def together(*archives: dict[str, Any]) -> dict[str, Any]:
    return {"log": {"version": "1.2", "entries": [entry_of(each) for each in archives]}}


GOOD = {"text": ECHO.decode()}


def test_web_sockets_of_an_archive_are_left_out(judge: Judge) -> None:
    socket = archive({"size": 0}, status=101, method="GET", url="wss://server.example/chat")
    entry_of(socket)["_webSocketMessages"] = [{"type": "receive", "opcode": 1, "data": "data: 1"}]
    judged = judge(together(socket, archive(GOOD)))
    assert judged.code == 0, judged.out
    assert judged.report is not None
    assert [each["name"][-2:] for each in judged.report["recordings"]] == ["#2"]


def test_answers_that_are_not_the_servers_last_are_passed_over(judge: Judge) -> None:
    redirect = archive({}, status=307)
    entry_of(redirect)["response"]["redirectURL"] = "/v2/stream-chat"
    followed = archive(GOOD, url="https://server.example/v2/stream-chat")
    before = [archive({}, status=status) for status in (407, 0, 401)]
    judged = judge(together(*before, redirect, followed, archive(GOOD)))
    assert judged.code == 0, judged.out
    for reason in ("#1 is a proxy's", "#2 has no response", "#3 was asked again", "#4 was redir"):
        assert reason in judged.out
    assert judged.report is not None
    assert judged.report["recorded_exchanges"] == 2


def test_a_redirect_that_was_not_followed_is_the_answer(judge: Judge) -> None:
    redirect = archive({"text": "moved"}, status=307)
    entry_of(redirect)["response"]["redirectURL"] = "/v2/stream-chat"
    assert judge(redirect).failed() == {"request.valid-accepted"}


@pytest.mark.parametrize("version", ["h2", "HTTP/2", "HTTP/2.0", "h3", "http/2.0", "", "unknown"])
def test_other_versions_of_http_say_nothing_of_connections(judge: Judge, version: str) -> None:
    judged = judge(archive(GOOD, version=version))
    assert judged.code == 0, judged.out
    assert judged.outcome("headers.connection-persistent") == "not-applicable"
    assert judged.outcome("transport.version") == "not-applicable"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_changes_nothing(judge: Judge, encoding: str) -> None:
    text = json.dumps(archive({"text": ECHO.decode() + ": Grüße\n"}), ensure_ascii=False)
    plain, marked = judge(text), judge(text.encode(encoding))
    assert plain.report is not None
    assert marked.report is not None
    assert marked.code == 0, marked.error
    assert marked.report["requirements"] == plain.report["requirements"]


def test_the_replay_goes_to_the_recorded_server(judge: Judge) -> None:
    first = archive({"text": "data: 1\n\n"}, url="https://one.example:8443/v1/chat?page=a")
    second = archive({"text": "event: x\n\n"}, url="http://two.example/v1/chat")
    judged = judge(together(first, second), "--endpoint-path=/v1/chat")
    assert judged.report is not None
    replays = {
        entry["id"]: entry["findings"][0]["replay"]
        for entry in judged.report["requirements"]
        if entry["outcome"] == "fail"
    }
    assert replays["payload.object"].endswith("'https://one.example:8443/v1/chat?page=a'")
    assert replays["sse.data"].endswith(" http://two.example/v1/chat")
    assert " http://two.example/v1/chat\n" in judged.out
