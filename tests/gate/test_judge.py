"""Judging recordings: every form they come in, and what each can decide."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.catalogue import CATALOGUE
from streamchat_conformance.catalogue.complete import load_catalogue
from streamchat_conformance.commands.judge import main
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.offline.reading import read_recordings
from streamchat_conformance.offline.recording import Format, Reader, Recording, RecordingError
from streamchat_fixtures.control import ControlServer, Settings
from streamchat_fixtures.faults import FAULTS

load_catalogue()
LIMIT_S = 30.0
CHAT = b'{"prompt": "Hello", "history": ["Hi"]}'
ECHO = b'data: {"prompt": "Hello", "history": ["Hi"], "response": "x"}\n\n'
REQUEST = (
    b"POST /api/stream-chat HTTP/1.1\r\nHost: server.example\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(CHAT), CHAT)
)
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Connection: keep-alive\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM = HEAD + chunk(ECHO) + chunk(ECHO) + b"0\r\n\r\n"


class Judged:
    def __init__(self, code: int, report: dict[str, Any] | None, out: str, error: str) -> None:
        self.code, self.report, self.out, self.error = code, report, out, error

    def outcome(self, id_: str) -> str:
        assert self.report is not None, self.error
        (entry,) = (entry for entry in self.report["requirements"] if entry["id"] == id_)
        return str(entry["outcome"])

    def failed(self) -> set[str]:
        """Return the MUST requirements that failed."""
        assert self.report is not None, self.error
        return {
            entry["id"]
            for entry in self.report["requirements"]
            if entry["outcome"] == "fail" and entry["level"] == "MUST"
        }


class Judge:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, data: bytes | str | object, *options: str) -> Judged:
        file = self.folder / "recording"
        if not isinstance(data, bytes | str):
            data = json.dumps(data)
        file.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        code = main([str(file), f"--report-json={report}", *options])
        printed = self._capsys.readouterr()
        loaded = json.loads(report.read_text("utf-8")) if report.exists() else None
        return Judged(code, loaded, printed.out, printed.err)


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    return Judge(tmp_path, capsys)


# -- what curl prints ----------------------------------------------------------------------


def test_a_sound_stream_passes_what_it_decides(judge: Judge) -> None:
    judged = judge(STREAM)
    assert judged.code == 0, judged.out
    assert judged.report is not None
    assert judged.report["summary"]["verdict"] == "conformant"
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
    settings = Settings(interval_s=0.01)
    with ControlServer([FAULTS[fault]], settings=settings) as server:
        body = judge.folder / "request.json"
        body.write_bytes(b'{"prompt": "x"}')
        received = curl(server.url, body)
    assert FAULTS[fault].breaks <= judge(received, f"--request={body}").failed()


def curl(url: str, body: Path) -> bytes:
    program = shutil.which("curl")
    assert program is not None, "these tests need curl"
    options = ["-isN", "--raw", "-m", "10", "-H", "Content-Type: application/json"]
    return subprocess.run(
        [program, *options, "--data-binary", f"@{body}", f"{url.rstrip('/')}/api/stream-chat"],
        capture_output=True,
        timeout=LIMIT_S,
        check=True,
    ).stdout


# -- HTTP archives -------------------------------------------------------------------------


def archive(
    content: dict[str, Any], *, status: int = 200, version: str = "http/1.1", **request: Any
) -> dict[str, Any]:
    fields = {"content-type": "text/event-stream", "cache-control": "no-cache"}
    asked = {
        "method": "POST",
        "url": "https://server.example/api/stream-chat",
        "headers": [{"name": "Content-Type", "value": "application/json"}],
        "postData": {"mimeType": "application/json", "text": CHAT.decode()},
    } | request
    answered = {
        "status": status,
        "httpVersion": version,
        "headers": [{"name": ":status", "value": "200"}]
        + [{"name": name, "value": value} for name, value in fields.items()]
        + [{"name": "content-encoding", "value": "br"}, {"name": "content-length", "value": "1"}],
        "content": content,
    }
    return {"log": {"version": "1.2", "entries": [{"request": asked, "response": answered}]}}


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


# -- the command line ----------------------------------------------------------------------


def test_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(STREAM)))
    assert main(["-"]) == 0
    assert "recording     standard input (curl)" in capsys.readouterr().out


def test_what_curl_prints_is_judged_through_a_pipe(tmp_path: Path) -> None:
    body = tmp_path / "chat.json"
    body.write_bytes(CHAT)
    with ControlServer([], settings=Settings(interval_s=0.01)) as server:
        pipe = (
            f'curl -isN --raw -H "Content-Type: application/json" --data-binary @{body} '
            f"{server.url.rstrip('/')}/api/stream-chat | "
            f"{sys.executable} -m streamchat_conformance judge --request={body} -"
        )
        done = subprocess.run(
            pipe, shell=True, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict       conformant" in done.stdout


def test_several_recordings_make_one_report(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    files[0].write_bytes(STREAM)
    files[1].write_bytes(HEAD + chunk(b"data: 1\n\n") + b"0\r\n\r\n")
    report = tmp_path / "report.json"
    assert main([*map(str, files), f"--report-json={report}"]) == 1
    written = json.loads(report.read_text("utf-8"))
    assert written["recorded_exchanges"] == 2
    assert len(written["recordings"]) == 2


def test_requirements_can_be_chosen(judge: Judge) -> None:
    judged = judge(HEAD + chunk(b"data: 1\n\n") + b"0\r\n\r\n", "--requirement=sse.*")
    assert judged.code == 0
    assert judged.outcome("payload.object") == "not-run"


def test_text_of_a_server_cannot_act_on_the_terminal(judge: Judge) -> None:
    judged = judge(HEAD + chunk(b"data: \x1b[2J\x1b]0;x\x07\n\n") + b"0\r\n\r\n")
    assert judged.code == 1
    assert "\x1b" not in judged.out
    assert "\x07" not in judged.out


WRONG: list[tuple[object, list[str], list[str]]] = [
    (b"", [], ["it is empty"]),
    (b"<html>", [], ["its format is not known", "curl -isN --raw", "--format"]),
    (b'{"error": "x"}', [], ["it is JSON, but neither"]),
    (b'{"error": ', [], ["begins as JSON and is none"]),
    (b"[" * 100_000, [], ["begins as JSON and is none"]),
    (b"HTTP/2 200 \r\n\r\ndata: 1\n\n", [], ["HTTP/2", "--http1.1"]),
    ({"exchanges": []}, [], ["keeps no exchange"]),
    ({"exchanges": [{"schema": 9}]}, [], ["schema 9"]),
    ({"exchanges": {}}, [], ["not an array"]),
    ({"log": {}}, [], ["'log.entries'"]),
    ({"log": {"entries": [5]}}, [], ["'entry'"]),
    (archive({"text": "!", "encoding": "base64"}), [], ["base64"]),
    (archive({}, status=0), [], ["no response was recorded"]),
    (STREAM, ["--format=pcap"], ["'pcap'", "exchange, curl, body, har"]),
    (STREAM, ["--format=har"], ["begins as JSON and is none"]),
    (STREAM, ["--requirement=sse.utf-8"], ["sse.utf-8", "sse.utf8"]),
    (STREAM, ["--requirement=!*"], ["nothing to judge"]),
    (STREAM, ["--fail-on=may"], ["--fail-on 'may'", "must, should"]),
    (STREAM, ["--gap-limit=x"], ["--gap-limit 'x'"]),
    (STREAM, ["--gap-limit=-1"], ["--gap-limit '-1'"]),
    (STREAM, ["--request=nonesuch"], ["nonesuch", "cannot be read"]),
    (STREAM, ["--endpoint-path=chat"], ["'chat'"]),
    (STREAM, ["--nonesuch"], ["--nonesuch", "--help"]),
    (STREAM, ["nonesuch.txt"], ["nonesuch.txt", "cannot be read"]),
    (STREAM, ["-", "-"], ["only once"]),
    (STREAM, ["--report-json=nonesuch/x.json"], ["the folder nonesuch does not exist"]),
    (STREAM, ["--report-json=."], ["is a folder"]),
]


@pytest.mark.parametrize(("data", "options", "told"), WRONG, ids=lambda value: repr(value)[:30])
def test_a_mistake_is_named_in_one_line(
    judge: Judge, data: object, options: list[str], told: list[str]
) -> None:
    judged = judge(data, *options)
    assert judged.code == 4
    (line,) = judged.error.splitlines()
    assert line.startswith("streamchat-conformance judge: ")
    for part in told:
        assert part in line


def test_a_recording_that_decides_nothing_is_no_success(judge: Judge) -> None:
    judged = judge(STREAM, "--requirement=resilience.*")
    assert judged.code == 4
    assert "nothing here decides any requirement" in judged.out


BEGINNINGS = [b"", HEAD, b"HTTP/1.1 200", b"data: ", b'{"log":']


@given(st.binary(max_size=200), st.sampled_from(BEGINNINGS))
def test_any_bytes_are_read_or_refused_in_one_line(data: bytes, beginning: bytes) -> None:
    for format_ in (None, *Format):
        refused = ""
        found: list[Recording] = []
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
