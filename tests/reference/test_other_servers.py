"""`create_app()` under WSGI servers other than its own: an ordinary application."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from streamchat_reference import create_app
from streamchat_reference.answerers.echo import EchoAnswerer
from werkzeug.serving import WSGIRequestHandler as WerkzeugRequestHandler
from werkzeug.serving import make_server as make_werkzeug_server

from .harness import EXIT_S, READY_S, Conversation, events, post

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class QuietWerkzeugHandler(WerkzeugRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def wsgiref_server(app: Flask) -> Iterator[int]:
    with make_server("127.0.0.1", 0, app, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def werkzeug_server(app: Flask) -> Iterator[int]:
    server = make_werkzeug_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=QuietWerkzeugHandler
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("serve", [wsgiref_server, werkzeug_server])
def test_a_stream_and_a_refusal_are_served(serve: object) -> None:
    app = create_app(EchoAnswerer(events=2, interval_s=0.05))
    with serve(app) as port:  # type: ignore[operator]  # one of two context managers
        for request, status in ((post(), 200), (post(b"{"), 400)):
            with Conversation(port) as conversation:
                conversation.send(request)
                response = conversation.read_response()
            assert response.status == status
            if status == 200:
                assert len(events(response.body)) == 2


def test_plain_gunicorn_notices_a_hang_up_at_once_too(tmp_path: Path) -> None:
    # One place and a silent minute: the next client is admitted only if the server noticed.
    (tmp_path / "wsgi.py").write_text(
        "from streamchat_reference import create_app\n"
        "from streamchat_reference.answerers.echo import EchoAnswerer\n"
        "app = create_app(EchoAnswerer(interval_s=60), max_streams=1)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "wsgi:app", "--threads", "4"),
                *("--bind", f"fd://{listener.fileno()}", "--log-level", "error"),
                "--no-control-socket",
            ],
            cwd=tmp_path,
            pass_fds=[listener.fileno()],
        ) as process:
            try:
                with Conversation(port) as conversation:
                    conversation.socket.settimeout(READY_S)
                    conversation.send(post())
                    conversation.read_until(b"data: ")
                status = 503
                for _ in range(100):
                    with Conversation(port) as conversation:
                        conversation.send(post())
                        status = conversation.read_head().status
                    if status == 200:
                        break
                assert status == 200
            finally:
                process.terminate()
                process.wait(EXIT_S)
