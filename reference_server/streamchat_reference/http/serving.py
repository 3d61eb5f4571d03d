"""Serving the application with an embedded gunicorn: one process that watches, one that works."""

from __future__ import annotations

import os
import resource
import socket
from typing import TYPE_CHECKING, Any, NoReturn

from streamchat_reference.http.application import StreamApplication
from streamchat_reference.http.client_socket import ClientTimeLimits
from streamchat_reference.http.worker import StreamWorker

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from gunicorn.workers.base import Worker

    from streamchat_reference.http.stop_signal import StopSignal

REQUEST_THREADS = 64
"""Threads in addition to those for streams: refusals, the page, requests that are being read."""

IDLE_CONNECTIONS = 1_000
"""Connections that wait for their next request need no thread. More than these are closed."""

DESCRIPTORS_PER_STREAM = 4
"""A connection; for a blocking answerer, a pipe and a connection of its own."""

OTHER_DESCRIPTORS = 100
BACKLOG = 2_048
KEEP_ALIVE_S = 15
GRACEFUL_S = 5


class ServingError(Exception):
    """The server cannot start; the message is one sentence that says why."""


def listen(host: str, port: int) -> socket.socket:
    """Listen on one address; port 0 lets the system choose.

    Raises `ServingError` where that cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ServingError(f"cannot listen on {authority(host, port)}: {_reason(error)}") from None


def authority(host: str, port: int) -> str:
    """Return `host:port` as in a URL (RFC 3986, section 3.2.2: IPv6 addresses in brackets)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parent_descriptor() -> int:
    """Return a descriptor that becomes readable when the process that started this one has ended.

    Raises `ServingError` where the system has no such thing (it needs Linux 5.3).
    """
    try:
        return os.pidfd_open(os.getppid())
    except (AttributeError, OSError):
        raise ServingError("--exit-with-parent is not possible on this system") from None


class Server(StreamApplication):
    """gunicorn around the application. `run` returns by `SystemExit`, 0 after a proper stop.

    `announce` is called with the server's URL when it is ready to serve. `parent_fd`, when it
    becomes readable, stops the server, as SIGTERM and SIGINT do.
    """

    def __init__(
        self,
        application: WSGIApplication,
        listener: socket.socket,
        *,
        stop: StopSignal,
        max_streams: int,
        announce: Callable[[str], None],
        time_limits: ClientTimeLimits | None = None,
        parent_fd: int | None = None,
        log_level: str = "error",
    ) -> None:
        self.application = application
        self.stop = stop
        self.time_limits = time_limits or ClientTimeLimits()
        self.parent_fd = parent_fd
        self._announce = announce
        host, port = listener.getsockname()[:2]
        self.url = f"http://{authority(host, port)}"
        threads = max_streams + REQUEST_THREADS
        connections = threads + IDLE_CONNECTIONS
        _allow_descriptors(connections, connections + max_streams * (DESCRIPTORS_PER_STREAM - 1))
        self._settings = {
            "bind": f"fd://{listener.detach()}",
            "worker_class": StreamWorker,
            "workers": 1,
            "threads": threads,
            "worker_connections": connections,
            "keepalive": KEEP_ALIVE_S,
            "graceful_timeout": GRACEFUL_S,
            # The worker's main loop never blocks; a machine under load must not cost streams.
            "timeout": 0,
            "loglevel": log_level,
            "control_socket_disable": True,
            "post_worker_init": self._on_ready,
        }
        super().__init__()

    def load_config(self) -> None:
        """Configure gunicorn; neither its command line nor its files are read."""
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application."""
        return self.application

    def run(self) -> NoReturn:
        """Serve until stopped."""
        super().run()
        raise SystemExit(0)

    def _on_ready(self, worker: Worker) -> None:
        # A worker that died is replaced; the URL stays as it was announced.
        if worker.age == 1:
            self._announce(self.url)


def _allow_descriptors(needed: int, wanted: int) -> None:
    """Raise this process's own limit on open descriptors as far as it may and must be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    ceiling = wanted + OTHER_DESCRIPTORS if hard == unlimited else hard
    if needed + OTHER_DESCRIPTORS > ceiling:
        raise ServingError(
            f"this number of streams needs {needed + OTHER_DESCRIPTORS} open files, "
            f"but the limit is {ceiling} (see ulimit -n)"
        )
    target = min(wanted + OTHER_DESCRIPTORS, ceiling)
    if soft != unlimited and soft < target:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))


def _reason(error: OSError) -> str:
    # What follows the reason in parentheses repeats the address.
    return (error.strerror or str(error)).partition(" (")[0].lower()
