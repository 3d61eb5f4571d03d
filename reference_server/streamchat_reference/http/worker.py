"""gunicorn's threaded worker, with what a server of long streams needs in addition.

* A connection gets a thread when it has sent something, and the thread's time is limited; when
  threads run short, the requests that have made them wait longest are given up.
* A stream gives its thread back when its first block is sent: one loop drives all streams.
* Connections are closed by a lingering close in the main loop, which never waits for a client.
* Malformed HTTP is refused in JSON, as everything else is.
* When the server stops, or the process that started it has gone, every stream ends properly.
"""

from __future__ import annotations

import errno
import json
import os
import selectors
import signal
import sys
import time
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from gunicorn import SERVER
from gunicorn.http import errors
from gunicorn.http.body import Body, EOFReader, LengthReader
from gunicorn.http.wsgi import create
from gunicorn.workers.gthread import TConn, ThreadWorker

from streamchat_reference.http.client_socket import ClientSocket, WaitingClients
from streamchat_reference.http.connection_control import CONTROL_KEY
from streamchat_reference.http.driven_response import DrivenResponse
from streamchat_reference.http.lingering_close import LingeringClose
from streamchat_reference.http.stream_loop import StreamLoop

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable
    from concurrent.futures import Future
    from types import FrameType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from gunicorn.http import Request, RequestParser

    from streamchat_reference.http.application import StreamApplication

EXTRA_THREADS = 8
"""Requests are given up before the last threads are taken."""

STOP_IDLE_S = 0.3
"""When the server stops, idle connections are closed after this long,"""

STOP_PATIENCE_S = 1.5
"""and clients that make a thread wait, after this long."""

DRAIN_S = 5.0
"""Longest time for reading what the application has left of a body."""

TICK_S = 0.05
"""Interval of the main loop's checks while the server stops or threads run short."""

MANY_THREADS = 600
"""From how many threads on they take turns less often."""
SWITCH_INTERVAL_S = 0.05
"""CPython wakes each thread that waits for the interpreter lock once per switch interval. With
thousands of threads the default (5 ms) makes them live for their wake-ups alone."""

REFUSALS: tuple[tuple[type[BaseException], int, str], ...] = (
    (TimeoutError, 408, "Request Timeout"),
    (errors.LimitRequestLine, 414, "URI Too Long"),
    (errors.ExpectationFailed, 417, "Expectation Failed"),
    (errors.LimitRequestHeaders, 431, "Request Header Fields Too Large"),
    (errors.UnsupportedTransferCoding, 501, "Not Implemented"),
    (errors.InvalidHTTPVersion, 505, "HTTP Version Not Supported"),
    (errors.ParseException, 400, "Bad Request"),
    (BaseException, 500, "Internal Server Error"),
)
"""What a request that never reached the application is answered with: the first row that fits."""


class StreamWorker(ThreadWorker):
    """The worker of the reference server; its `app` is a `StreamApplication`."""

    app: StreamApplication

    def init_process(self) -> None:
        """Prepare in the worker's process, then serve until stopped."""
        self.app.stop.renew()
        self._waiting = WaitingClients()
        self._busy = 0
        self._patient_until_s = float("inf")
        if self.cfg.threads > MANY_THREADS:
            sys.setswitchinterval(SWITCH_INTERVAL_S)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, and let it know its connection."""
        super().load_wsgi()
        application = cast("WSGIApplication", self.wsgi)

        def connected(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ[CONTROL_KEY] = environ["gunicorn.socket"]
            return application(environ, start_response)

        self.wsgi = cast("Any", connected)  # gunicorn's own type of the same thing differs

    def run(self) -> None:
        """Serve; also watch the process that started the server, where it is to end with that."""
        self._lingering_close = LingeringClose(self.poller, self._forget)
        if self.app.parent_fd is not None:
            self.poller.register(self.app.parent_fd, selectors.EVENT_READ, self._on_parent_gone)
        self._streams = StreamLoop(self.app.stop, self.app.time_limits.stall_s)
        super().run()
        self._waiting.evict_all()
        self._streams.close()

    # Stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: streams end with an event that says so. Called as a signal handler."""
        self.app.stop.set()
        self._patient_until_s = min(self._patient_until_s, time.monotonic() + STOP_PATIENCE_S)
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Stop as gracefully on SIGINT and SIGQUIT: a stream cut off would look like a fault."""
        self.handle_exit(sig, frame)

    def is_parent_alive(self) -> bool:
        """Return whether gunicorn's master is alive; stop without it."""
        alive = super().is_parent_alive()
        if not alive:
            self.handle_exit(signal.SIGTERM, None)
        return alive

    def _on_parent_gone(self, parent_fd: int) -> None:
        self.poller.unregister(parent_fd)
        os.kill(self.ppid, signal.SIGTERM)

    def _cap_keepalive(self, deadline: float) -> None:
        """Close idle connections soon. gunicorn calls this once, when it begins to stop."""
        soon_s = min(deadline, time.monotonic() + STOP_IDLE_S)
        for conn in (*self.keepalived_conns, *self.pending_conns):
            conn.timeout = min(soon_s, conn.timeout or soon_s)

    # The main loop

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Handle events and time limits."""
        hurried = not self.alive or self._missing_threads() > 0
        super().wait_for_and_dispatch_events(TICK_S if hurried else timeout)
        self._lingering_close.close_expired()
        if self._missing_threads() > 0:
            self._waiting.evict(self._missing_threads())
        if time.monotonic() > self._patient_until_s:
            self._lingering_close.close_all()
            self._waiting.evict_all()

    def accept(self, listener: socket.socket) -> None:
        """Accept one connection. It gets a thread only when it has sent something."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._close_oldest_idle()  # or the listener would be ready again and again
            return
        if self.nr_conns >= self.worker_connections - 1:
            self._close_oldest_idle()
        self.nr_conns += 1
        client = ClientSocket(accepted, self._waiting, self.app.time_limits)
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        on_readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(client, selectors.EVENT_READ, on_readable)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Serve a connection's first request, if it was not closed in this very round."""
        if client.fileno() >= 0:
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Serve a connection's next request, likewise."""
        if client.fileno() >= 0:
            super().on_client_socket_readable(conn, client)

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection a thread, or a place in the queue for one."""
        self._busy += 1
        try:
            super().enqueue_req(conn)
        except RuntimeError as error:  # the system gives no more threads
            self.log.error("A connection is given up: %s", error)  # noqa: TRY400 - no fault of ours
            self._busy -= 1
            self._lingering_close.add(conn.sock)

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        """Take the connection back from its thread, and leave a stream to the loop of streams."""
        self._busy -= 1
        answered = not fs.cancelled() and fs.exception() is None and fs.result()
        if isinstance(answered, DrivenResponse):
            answered.ended.add_done_callback(
                lambda ended: self.method_queue.defer(self._finish_response, conn, ended)
            )
            self._streams.add(answered)
        else:
            self._finish_response(conn, fs)

    def _finish_response(self, conn: TConn, serves_on: Future[bool]) -> None:
        """Keep the connection for its next request, or begin to close it."""
        if not serves_on.cancelled() and serves_on.exception() is None and serves_on.result():
            super().finish_request(conn, serves_on)
            if not self.alive:
                self._cap_keepalive(conn.timeout or 0.0)
        else:
            self._lingering_close.add(conn.sock)

    def _missing_threads(self) -> int:
        threads: int = self.cfg.threads
        return self._busy - (threads - EXTRA_THREADS)

    def _close_oldest_idle(self) -> None:
        if self._lingering_close:
            self._lingering_close.close_oldest()
        elif idle := self.keepalived_conns or self.pending_conns:
            conn = idle.popleft()
            self.poller.unregister(conn.sock)
            conn.close()
            self._forget()

    def _forget(self) -> None:
        self.nr_conns -= 1

    # One request, in a thread of its own

    def handle(self, conn: TConn) -> bool | DrivenResponse:  # type: ignore[override]  # for us
        """Read one request and answer it. True: the connection serves another one.

        A stream is returned when its first block is sent.
        """
        client = cast("ClientSocket", conn.sock)
        request = None
        try:
            client.begin_request()
            conn.init()
            parser = cast("RequestParser", conn.parser)
            request = next(parser)
            client.begin_body(request)
            _correct(request, parser)
            return self.handle_request(request, conn)
        except (StopIteration, errors.NoMoreData):
            return False  # the client has gone, between two requests or within one
        except TimeoutError as error:
            if request is None:
                self.handle_error(request, client, conn.client, error)
            return False  # with a request read, it is the client who reads no more
        except OSError as error:
            self.log.debug("Connection lost: %s", error)
            return False
        except Exception as error:  # noqa: BLE001 - anything unforeseen becomes a refusal
            self.handle_error(request, client, conn.client, error)
            return False

    def handle_request(self, req: Request, conn: TConn) -> bool | DrivenResponse:  # type: ignore[override]  # as above
        """Answer a request that was read, likewise."""
        client, parser = cast("ClientSocket", conn.sock), cast("RequestParser", conn.parser)
        response, environ = create(req, client, conn.client, conn.server, self.cfg)
        environ["wsgi.multithread"] = True
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        body = self.wsgi(environ, response.start_response)  # type: ignore[arg-type]  # see load_wsgi
        try:
            for block in body:
                response.write(block)
                if client.stream is not None:
                    serves_on = not response.should_close() and _drain(parser)
                    driven = DrivenResponse(
                        client.stream, client, response, body, serves_on=serves_on
                    )
                    body = ()
                    return driven
            response.close()
        except OSError:
            raise
        except Exception:
            if not response.headers_sent:
                raise
            self.log.exception("Error handling a request whose response has begun")
            return False
        finally:
            if hasattr(body, "close"):
                body.close()
        return not response.should_close() and _drain(parser)

    def handle_error(
        self, req: Request | None, client: socket.socket, addr: object, exc: BaseException
    ) -> None:
        """Refuse in JSON what is not HTTP, without repeating any of it, and close."""
        status, text = next(row[1:] for row in REFUSALS if isinstance(exc, row[0]))
        if status == 500:
            uri = "an unread request" if req is None else req.uri
            self.log.error("Error handling %s from %s", uri, addr, exc_info=exc)
        body = json.dumps({"error": text}).encode("ascii") + b"\n"
        head = (
            f"HTTP/1.1 {status} {text}\r\nServer: {SERVER}\r\nDate: {formatdate(usegmt=True)}\r\n"
            f"Connection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        try:
            client.sendall(head.encode("ascii") + body)
        except OSError as error:
            self.log.debug("A refusal was lost: %s", error)


def _correct(request: Request, parser: RequestParser) -> None:
    """Correct a request where gunicorn's reading of it departs from the RFCs."""
    # RFC 9110, section 6.2: a server answers a higher minor version with its own highest.
    if request.version is None or request.version > (1, 1):
        request.version = (1, 1)
    # RFC 9112, section 9.6: `close` counts wherever it stands in the list of options.
    options = [value for name, value in request.headers if name == "CONNECTION"]
    if "close" in {option.strip().lower() for option in ",".join(options).split(",")}:
        request.force_close()
    # RFC 9112, section 6.3: a request with neither length nor coding has no body. gunicorn would
    # read on to the end of the connection.
    if request.body is not None and isinstance(request.body.reader, EOFReader):
        request.body = Body(LengthReader(parser.unreader, 0))


def _drain(parser: RequestParser) -> bool:
    """Discard the rest of the body; return whether the beginning of the next request is known."""
    try:
        return bool(parser.finish_body(time.monotonic() + DRAIN_S))  # type: ignore[func-returns-value]  # it returns it, whatever the stubs say
    except (errors.ParseException, OSError):
        return False
