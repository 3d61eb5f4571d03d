"""The embedded reference server: started in a process of its own when no target is given."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from streamchat_conformance.catalogue import AUTH
from streamchat_conformance.core.http_request import Body
from streamchat_conformance.dialects.interface import Requests
from streamchat_conformance.suite.config.child_process import first_line, start_child, stop_child
from streamchat_conformance.suite.config.settings import DeclaredRequest, Settings
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

START_LIMIT_S = 20.0

SLOW_PROMPT = "Please think first."
FAULT_PROMPT = "Please fail half-way."
SILENT_S = 1.2
"""How long the server is silent after the slow prompt: several heartbeats."""
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
        self._process = start_child(command)
        self.url = self._first_line(self._process)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        if self._process is not None:
            stop_child(self._process)

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        line = first_line(process, START_LIMIT_S)
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
