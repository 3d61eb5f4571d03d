"""The embedded reference server: started in a process of its own when no target is given."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from streamchat_conformance.catalogue import AUTH
from streamchat_conformance.core.http_request import Body
from streamchat_conformance.dialects.interface import Requests
from streamchat_conformance.suite.config.settings import DeclaredRequest, Settings
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

START_LIMIT_S = 20.0
STOP_LIMIT_S = 10.0

SLOW_PROMPT = "Please think first."
FAULT_PROMPT = "Please fail half-way."
SILENT_S = 1.2
HEARTBEAT_S = 0.3
GAP_LIMIT_S = 1.0
"""The reference's heartbeat is quick, so that it can be proved in seconds."""


class EmbeddedServer:
    """The reference server as a child process; a context manager that yields its URL."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Start the server and wait until it prints its URL. Raises NotTestable if it fails."""
        command = [
            *(sys.executable, "-m", "streamchat_reference", "--port", "0", "--exit-with-parent"),
            *("--heartbeat", str(HEARTBEAT_S)),
            *("--slow-prompt", SLOW_PROMPT, "--slow-seconds", str(SILENT_S)),
            *("--fault-prompt", FAULT_PROMPT),
            *self._options,
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = self._first_line(self._process)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_LIMIT_S)
        if process.stdout is not None:
            process.stdout.close()

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        stdout = process.stdout
        if stdout is None:
            raise RuntimeError("the reference server was started without a pipe")
        ends_at = time.monotonic() + START_LIMIT_S
        ready, _, _ = select.select([stdout], [], [], max(0.0, ends_at - time.monotonic()))
        line = stdout.readline().strip() if ready else ""
        if not line.startswith("http"):
            self.__exit__()
            raise NotTestable(
                f"the embedded reference server did not start: it printed {line[:200]!r}",
                "run 'python -m streamchat_reference' to see why",
            )
        return line


def embedded_settings(settings: Settings, url: str) -> Settings:
    """Return the settings for judging the embedded server.

    It shows every capability, but that it serves everybody.
    """
    dialect = settings.dialect
    shown = {name: name != AUTH.name for name in dialect.known_capabilities}

    def saying(text: str, silent_s: float = 0.0) -> DeclaredRequest:
        def make(requests: Requests) -> Body:
            return requests.saying(requests.plain[0], text)

        return DeclaredRequest(make(dialect.requests), silent_s, remake=make)

    return replace(
        settings,
        url=url,
        capabilities=shown | dict(settings.capabilities),
        gap_limit_s=GAP_LIMIT_S,
        slow=saying(SLOW_PROMPT, SILENT_S),
        fault=saying(FAULT_PROMPT),
    )
