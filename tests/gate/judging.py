"""Recordings to judge, and the command that judges them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from streamchat_conformance.commands.judge import main

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
