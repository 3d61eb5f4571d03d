"""Judging recordings: every form they come in, and what each can decide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.offline.reading import read_recordings
from streamchat_conformance.offline.recording import (
    Format,
    Reader,
    RecordedExchange,
    RecordingError,
)
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.faults import FAULTS

from .judging import CHAT, ECHO, HEAD, REQUEST, STREAM, Judge, chunk, curl

CATALOGUE = rules_of(DEFAULT).catalogue


# -- what curl prints ----------------------------------------------------------------------


def test_a_sound_stream_passes_what_it_decides(judge: Judge) -> None:
    judged = judge(STREAM)
    assert judged.code == 0, judged.out
    assert judged.report is not None
    assert judged.report["summary"]["verdict"] == "partial"
    assert "requirements were decided: no failure among them" in judged.out
    assert judged.report["recordings"][0]["format"] == "curl"
    assert judged.report["recordings"][0]["request"] == "assumed"
    for id_ in ("headers.media-type", "sse.fields", "payload.json", "transport.terminated"):
        assert judged.outcome(id_) == "pass", id_


def test_what_a_recording_cannot_decide_is_not_applicable(judge: Judge) -> None:
    judged = judge(STREAM)
    for id_ in ("stream.first-event", "resilience.alive", "payload.prompt-echo", "error.status"):
        assert judged.outcome(id_) == "not-applicable", id_


@pytest.mark.parametrize(
    ("recording", "broken"),
    [
        (STREAM.replace(b"text/event-stream", b"text/plain"), "headers.media-type"),
        (STREAM.replace(b"no-cache", b"max-age=60"), "headers.cache-control"),
        (HEAD + chunk(b"date: x\n\n") + chunk(ECHO) + b"0\r\n\r\n", "sse.fields"),
        (HEAD + chunk(b"data: {'response': 'x'}\n\n") + b"0\r\n\r\n", "payload.json"),
        (HEAD + chunk(b"data: 1\n\n") + b"0\r\n\r\n", "payload.object"),
        (HEAD + chunk(ECHO + b"data: {") + b"0\r\n\r\n", "sse.final-blank-line"),
        (HEAD + chunk(ECHO) + b"zz\r\n", "transport.chunks-well-formed"),
        (STREAM.replace(b"Transfer-Encoding: chunked\r\n", b""), "transport.delimited"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "request.valid-accepted"),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}", "request.valid-accepted"),
    ],
)
def test_a_fault_in_a_recording_is_found(judge: Judge, recording: bytes, broken: str) -> None:
    judged = judge(recording)
    assert judged.code == 1
    assert broken in judged.failed()
    assert f"{broken} (MUST)" in judged.out


def test_a_stream_without_its_end_may_have_been_left_by_the_client(judge: Judge) -> None:
    cut = HEAD + chunk(ECHO)
    assert judge(cut).outcome("transport.terminated") == "not-applicable"
    ended = judge(cut, "--ended")
    assert ended.outcome("transport.terminated") == "fail"
    assert ended.code == 1


def test_chunks_that_curl_has_undone_are_noticed(judge: Judge) -> None:
    judged = judge(HEAD + ECHO + ECHO)
    assert judged.code == 0, judged.out
    assert judged.outcome("payload.json") == "pass"
    assert judged.outcome("transport.chunks-well-formed") == "not-applicable"
    assert "curl --raw keeps them" in judged.out


def test_interim_answers_and_a_proxys_tunnel_are_passed_over(judge: Judge) -> None:
    tunnel = b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert judge(tunnel + b"HTTP/1.1 100 Continue\r\n\r\n" + STREAM).code == 0
    assert judge(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + ECHO).code == 0


def test_what_was_added_behind_the_end_is_not_the_servers(judge: Judge) -> None:
    refusal = (
        b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
        b'{"error":"x"}'
    )
    bad = judge.folder / "bad.json"
    bad.write_bytes(b"{")
    judged = judge(refusal + b"\n", f"--request={bad}")
    assert judged.outcome("error.delimited") == "pass"


# -- the request ---------------------------------------------------------------------------


def test_a_given_request_lets_echoes_and_refusals_be_judged(judge: Judge) -> None:
    body = judge.folder / "chat.json"
    body.write_bytes(CHAT + b"\n")
    judged = judge(STREAM, f"--request={body}")
    assert judged.outcome("payload.prompt-echo") == "pass"
    body.write_bytes(CHAT.replace(b"Hello", b"Other"))
    assert judge(STREAM, f"--request={body}").failed() == {"payload.prompt-echo"}
    body.write_bytes(b'{"prompt": "x"}')
    refusal = (
        b"HTTP/1.1 422 No\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n"
        b'{"error":"Missing history field"}'
    )
    judged = judge(refusal, f"--request={body}")
    assert judged.failed() == {"error.status"}
    assert judged.outcome("request.error-wording") == "fail"


def test_a_whole_request_may_be_given(judge: Judge) -> None:
    whole = judge.folder / "request"
    whole.write_bytes(REQUEST)
    assert judge(STREAM, f"--request={whole}").outcome("payload.history-echo") == "pass"
    whole.write_bytes(REQUEST.replace(b"\r\n", b"\n"))
    judged = judge(STREAM, f"--request={whole}")
    assert judged.code == 4
    assert "CRLF" in judged.error


# -- bare bodies ---------------------------------------------------------------------------


BARE = [b"", b"\xef\xbb\xbf", b": hello\n\n", b"retry: 5\n\n", b"\n"]


@pytest.mark.parametrize("beginning", BARE)
def test_a_bare_event_stream_is_judged_by_what_it_says(judge: Judge, beginning: bytes) -> None:
    judged = judge(beginning + ECHO)
    assert judged.code == 0, judged.out + judged.error
    assert judged.report is not None
    assert judged.report["recordings"][0]["format"] == "body"
    assert judged.outcome("payload.json") == "pass"
    assert judged.outcome("headers.media-type") == "not-applicable"
    assert judged.outcome("request.valid-accepted") == "not-applicable"


def test_a_bare_body_that_begins_oddly_is_judged_when_its_format_is_given(judge: Judge) -> None:
    assert judge(b"date: 1\n\n" + ECHO).code == 4
    assert judge(b"date: 1\n\n" + ECHO, "--format=body").failed() == {"sse.fields"}


def test_the_last_event_of_a_bare_body_is_judged_when_it_ended(judge: Judge) -> None:
    assert judge(ECHO + b"data: {}").outcome("sse.final-blank-line") != "fail"
    assert judge(ECHO + b"data: {}", "--ended").outcome("sse.final-blank-line") == "fail"


# -- what the suite has saved --------------------------------------------------------------


def exchange(received: bytes = STREAM, **changes: Any) -> Exchange:
    return Exchange(request=REQUEST, reads=(Read(0.01, received),), **changes)


def test_a_saved_exchange_decides_times_too(judge: Judge) -> None:
    judged = judge(exchange().dumps())
    assert judged.code == 0, judged.out
    assert judged.outcome("stream.first-event") == "pass"
    assert judged.outcome("payload.prompt-echo") == "pass"
    slow = exchange(HEAD, ending=Ending.TIMED_OUT, limit="first_event_s=10", ended_at_s=10.0)
    assert judge(slow.dumps()).failed() == {"stream.first-event"}


def test_the_gap_limit_is_applied_to_saved_exchanges(judge: Judge) -> None:
    reads = (Read(0.0, HEAD + chunk(ECHO)), Read(4.0, chunk(ECHO) + b"0\r\n\r\n"))
    saved = Exchange(request=REQUEST, reads=reads, ended_at_s=4.0).dumps()
    assert judge(saved).outcome("stream.gap") == "pass"
    strict = judge(saved, "--gap-limit=3")
    assert strict.outcome("stream.gap") == "fail"
    assert strict.code == 0
    assert judge(saved, "--gap-limit=3", "--fail-on=should").code == 1


def test_a_report_of_a_run_is_judged_exchange_by_exchange(judge: Judge) -> None:
    bad = exchange(HEAD + chunk(b"data: 1\n\n") + b"0\r\n\r\n")
    first = judge({"schema": 1, "exchanges": [exchange().to_json(), bad.to_json()]})
    assert first.failed() == {"payload.object"}
    assert first.report is not None
    assert [entry["name"][-2:] for entry in first.report["recordings"]] == ["#1", "#2"]
    # The report of judging is itself a recording.
    assert judge(first.report).failed() == {"payload.object"}


@pytest.mark.parametrize("fault", ["errors-as-text-plain", "refusals-are-422"])
def test_a_recording_of_a_faulty_server_shows_what_the_live_run_shows(
    judge: Judge, fault: str
) -> None:
    settings = ControlSettings(interval_s=0.01)
    with ControlServer([FAULTS[fault]], settings=settings) as server:
        body = judge.folder / "request.json"
        body.write_bytes(b'{"prompt": "x"}')
        received = curl(server.url, body)
    assert FAULTS[fault].breaks <= judge(received, f"--request={body}").failed()


# -- anything --------------------------------------------------------------------------------

BEGINNINGS = [b"", HEAD, b"HTTP/1.1 200", b"data: ", b'{"log":']


@given(st.binary(max_size=200), st.sampled_from(BEGINNINGS))
def test_any_bytes_are_read_or_refused_in_one_line(data: bytes, beginning: bytes) -> None:
    for format_ in (None, *Format):
        refused = ""
        found: list[RecordedExchange] = []
        try:
            found = read_recordings(beginning + data, "file", Reader(), format_)
        except RecordingError as error:
            refused = str(error)
        assert bool(found) != bool(refused)
        assert "\n" not in refused


def test_every_undecidable_glob_names_a_requirement() -> None:
    from fnmatch import fnmatchcase

    from streamchat_conformance.offline import recording

    for name in dir(recording):
        if name.startswith("NO_"):
            for glob in getattr(recording, name):
                assert any(fnmatchcase(id_, glob) for id_ in CATALOGUE), glob
