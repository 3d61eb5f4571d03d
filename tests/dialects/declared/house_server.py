"""A small server of the house-made endpoint, and faults of it, in one process."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

WORDS = ("Rivers ", "and ", "boats")
FAULTS = {
    "no-done": "house.terminal",
    "order": "house.after-terminal",
    "delta-number": "house.schema",
    "no-sentinel": "house.sentinel",
    "strange-name": "house.names",
    "no-text": "house.text",
    "lax": "house.required",
    "detail-list": "house.refusal",
    "unknown-refused": "house.unknown-members",
    "silent-failure": "house.failed-event",
}
"""What a server does wrong, and the requirement that it breaks."""


class HouseHandler(BaseHTTPRequestHandler):
    """Answers POST /chat."""

    protocol_version = "HTTP/1.1"
    fault: ClassVar[str] = ""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        problem = self._problem(body)
        if problem:
            detail: Any = [problem] if self.fault == "detail-list" else problem
            self._send(400, "application/json", json.dumps({"detail": detail}).encode())
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in self._blocks(json.loads(body)["message"]):
            data = block.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, media_type: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _problem(self, body: bytes) -> str:
        if self.path != "/chat":
            return "no such path"
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            return "not JSON"
        try:
            value = json.loads(body)
        except ValueError:
            return "not JSON"
        if not isinstance(value, dict):
            return "not an object"
        if self.fault == "lax" and "message" in value:
            value["message"] = str(value["message"])
        if not isinstance(value.get("message"), str) or not isinstance(
            value.get("turns", []), list
        ):
            return "message is a string, turns is a list"
        strange = value.keys() - {"message", "turns", "session"}
        return "unknown member" if strange and self.fault == "unknown-refused" else ""

    def _blocks(self, prompt: Any) -> Iterator[str]:
        fault = self.fault
        if fault != "no-text":
            for word in WORDS:
                yield f"data: {json.dumps({'delta': 1 if fault == 'delta-number' else word})}\n\n"
        yield "event: ping\ndata: -\n\n"
        if prompt == "!fail":
            if fault != "silent-failure":
                yield 'event: error\ndata: {"message": "broken"}\n\n'
            else:
                yield "event: done\ndata: bye\n\n"
            return
        if fault == "strange-name":
            yield "event: strange\ndata: {}\n\n"
        if fault != "no-done":
            yield "event: done\ndata: bye\n\n"
        if fault == "order":
            yield 'data: {"delta": "more"}\n\n'
        if fault != "no-sentinel":
            yield "data: [DONE]\n\n"


@contextlib.contextmanager
def house_server(fault: str = "") -> Iterator[str]:
    """Serve in the background; yield the URL."""
    handler = type("FaultyHouseHandler", (HouseHandler,), {"fault": fault})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
