"""The command `judge`: where recordings come from, what is printed, and what is refused."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from streamchat_conformance.commands.judge import main
from streamchat_fixtures.control import ControlServer, ControlSettings

from .judging import CHAT, HEAD, LIMIT_S, STREAM, Judge, archive, chunk


def test_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(STREAM)))
    assert main(["-"]) == 0
    assert "recording     standard input (curl)" in capsys.readouterr().out


def test_what_curl_prints_is_judged_through_a_pipe(tmp_path: Path) -> None:
    body = tmp_path / "chat.json"
    body.write_bytes(CHAT)
    with ControlServer([], settings=ControlSettings(interval_s=0.01)) as server:
        pipe = (
            f'curl -isN --raw -H "Content-Type: application/json" --data-binary @{body} '
            f"{server.url.rstrip('/')}/api/stream-chat | "
            f"{sys.executable} -m streamchat_conformance judge --request={body} -"
        )
        done = subprocess.run(
            pipe, shell=True, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict       partial: " in done.stdout


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
    (b'{"error": ', [], ["not valid JSON: line 1, column", "it stops in the middle"]),
    (b'{"log":\n {"entries"= []}}', [], ["line 2, column 12", "expecting ':'", "found '= []}}'"]),
    (b'{"log": "x', [], ["line 1, column 9", "it stops in the middle"]),
    (b'{"log": {}}\n{"log": {}}', [], ["line 2, column 1", "one JSON value"]),
    (b'{"log": "\xff"}', [], ["byte 10 is not UTF-8", "save the file as UTF-8"]),
    (b"\xff\xfeH", [], ["begins as UTF-16", "save the file as UTF-8"]),
    (b"[" * 100_000, [], ["nested too deep"]),
    (b"HTTP/2 200 \r\n\r\ndata: 1\n\n", [], ["HTTP/2", "--http1.1"]),
    ({"exchanges": []}, [], ["keeps no exchange"]),
    ({"exchanges": [{"schema": 9}]}, [], ["schema 9"]),
    ({"exchanges": {}}, [], ["not an array"]),
    ({"log": {}}, [], ["'log.entries'"]),
    ({"log": {"entries": [5]}}, [], ["'entry'"]),
    (archive({"text": "!", "encoding": "base64"}), [], ["base64"]),
    (archive({}, status=0), [], ["#1 has no response (status 0)"]),
    (archive({}, status=407), [], ["#1 is a proxy's answer (407)"]),
    ({"log": {"entries": []}}, [], ["the archive is empty", "start recording before"]),
    (STREAM, ["--format=pcap"], ["'pcap'", "exchange, curl, body, har"]),
    (STREAM, ["--format=har"], ["line 1, column 1: expecting value, found 'HTTP/1.1 200'"]),
    (b"== Info: Trying 127.0.0.1:80...\n", [], ["a trace of curl", "curl -isN --raw"]),
    (b"curl: (7) Failed to connect to x port 1", [], ["no response", "(7) Failed to connect"]),
    (b"curl: (28) Operation timed out after 9 milliseconds with 0 bytes received", [], ["(28)"]),
    (b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", [], ["a proxy's", "407"]),
    (b"HTTP/1.1 302 Found\r\n\r\nHTTP/1.1 405 No\r\n\r\n", [], ["follows a 302 with a GET"]),
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


@pytest.mark.parametrize(("data", "options", "expected"), WRONG, ids=lambda value: repr(value)[:30])
def test_a_mistake_is_named_in_one_line(
    judge: Judge, data: object, options: list[str], expected: list[str]
) -> None:
    judged = judge(data, *options)
    assert judged.code == 4
    (line,) = judged.error.splitlines()
    assert line.startswith("streamchat-conformance judge: ")
    for part in expected:
        assert part in line


def test_a_recording_that_decides_nothing_is_no_success(judge: Judge) -> None:
    judged = judge(STREAM, "--requirement=resilience.*")
    assert judged.code == 4
    assert "nothing here decides any requirement" in judged.out


def test_a_pasted_stream_is_judged_in_its_dialect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [({"role": "assistant", "content": "Hi"}, None), ({}, "stop")]
    chunks = [
        {**names, "id": f"c{number}", "choices": [{"index": 0, "delta": d, "finish_reason": f}]}
        for number, (d, f) in enumerate(deltas)
    ]
    lines = [*map(json.dumps, chunks), "[DONE]"]
    file = tmp_path / "stream.txt"
    file.write_text("".join(f"data: {line}\n\n" for line in lines), "utf-8")
    assert main(["--dialect=openai", str(file)]) == 1
    shown = capsys.readouterr().out
    assert "openai.id-stable (MUST)" in shown
    assert "1 fail" in shown
    assert main(["--dialect=openia", str(file)]) == 4
    assert "did you mean 'openai'?" in capsys.readouterr().err


def test_a_report_is_judged_by_no_other_dialect_than_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, report = tmp_path / "a", tmp_path / "report.json"
    file.write_bytes(HEAD + chunk(b"data: 1\n\n") + b"0\r\n\r\n")
    main([str(file), "--dialect=openai", f"--report-json={report}"])
    capsys.readouterr()
    assert main([str(report)]) == 4
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "its report is of the dialect 'openai'; judge it with --dialect openai" in error
    assert main([str(report), "--dialect=openai"]) == 1
    assert "verdict       nonconformant" in capsys.readouterr().out
