"""The server under test as a command: started, awaited, watched, and stopped whole.

The command runs in a shell, in a session of its own, so that at the end everything it has
started is found and ended: workers, reloaders, children of shell scripts.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from streamchat_conformance.gate.output import Tail
from streamchat_conformance.gate.ports import LOOPBACKS, free_port, listening
from streamchat_conformance.gate.processes import (
    how_it_ended,
    listening_ports,
    members,
    signal_all,
)
from streamchat_conformance.suite.config.typed import SettingsError
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PORT = "{port}"
START_LIMIT_S = 30.0
"""How long a server may take until it accepts connections (settable)."""
STOP_LIMIT_S = 10.0
"""How long a server may take to end after SIGTERM, open streams and all."""
KILL_LIMIT_S = 5.0
"""How long the system may take to end what was killed."""
OUTPUT_LIMIT_S = 2.0
"""How long the rest of the output is waited for after the end."""
DEATH_LAG_S = 0.5
"""How long after its sockets were closed a process is seen to have ended (seconds)."""
POLL_S = 0.05
"""Time between two looks at whether the server listens yet, or has ended (seconds)."""


def check_command(command: str, url: str | None) -> None:
    """Check a command before it is started. Raises SettingsError."""
    if os.name != "posix":
        raise SettingsError("--target-command needs a POSIX system; start the server by hand")
    if not command.strip() or "\0" in command:
        raise SettingsError("--target-command: give the shell command that starts the server")
    if url is not None and place_of(url) is None:
        raise SettingsError(
            "--target-command starts a server on this machine: --target-url must be on "
            "localhost, or left out"
        )


def place_of(url: str) -> tuple[str, int] | None:
    """Return host and port of a URL on this machine's loopback, or None for any other."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if host == "localhost":
        return host, port
    try:
        return (host, port) if ipaddress.ip_address(host).is_loopback else None
    except ValueError:
        return None


class TargetCommand:
    """A server that is started for a run; a context manager that yields it once it listens.

    `command` is a shell's command line; every `{port}` in it becomes the port, a free one
    unless `place` (host and port) says where the server is going to listen. The environment
    variable PORT names the same port, for servers that read it.
    """

    def __init__(
        self,
        command: str,
        *,
        place: tuple[str, int] | None = None,
        start_s: float = START_LIMIT_S,
        stop_s: float = STOP_LIMIT_S,
    ) -> None:
        self.command = command
        self.hosts: tuple[str, ...] = LOOPBACKS
        if place is not None and place[0] != "localhost":
            self.hosts = (place[0],)
        self._placed = place is not None
        self.port = place[1] if place is not None else free_port()
        self.host = self.hosts[0]
        """Where it listens: known once it does."""
        self.ended_at_s: float | None = None
        """When the command was seen to have ended (monotonic clock, seconds)."""
        self.stop_s = stop_s
        self._start_s = start_s
        self._process: subprocess.Popen[bytes] | None = None
        self._tail: Tail | None = None
        self._ended = threading.Event()
        self._pause = threading.Event()
        self._terminated_at_s: float | None = None
        self._gone_at_s: float | None = None
        self._died = ""
        self._killed = False
        self._handles_sigterm = False

    @property
    def url(self) -> str:
        """The server's URL, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def died(self) -> str:
        """How the server ended before it was asked to, in words, or an empty string."""
        if not self._died and self._terminated_at_s is None and self._gone():
            self._died = how_it_ended(self._status())
        return self._died

    def output(self) -> list[str]:
        """Return the last lines that the server printed."""
        return self._tail.lines() if self._tail is not None else []

    # -- starting ------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start the server and wait until it accepts connections.

        Raises NotTestable, with the last lines of its output, when it does not.
        """
        taken = listening(self.hosts, self.port)
        if taken:
            raise NotTestable(
                f"something listens on {taken} port {self.port} before the command was started",
                "stop it, or leave --target-url out and write {port} into the command",
            )
        self._start()
        self._stop_on_sigterm()
        try:
            self._await_start()
        except BaseException:
            self.stop(patience_s=KILL_LIMIT_S)
            raise
        return self

    def _start(self) -> None:
        read, write = os.pipe()
        try:
            self._process = subprocess.Popen(
                self.command.replace(PORT, str(self.port)),
                shell=True,
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=subprocess.STDOUT,
                # Many servers take their port from PORT; Python's output is to be seen at once.
                env={**os.environ, "PORT": str(self.port), "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        except OSError:
            os.close(read)
            raise
        finally:
            os.close(write)
        self._tail = Tail(read)
        threading.Thread(target=self._await_end, name="streamchat-command", daemon=True).start()

    def _await_end(self) -> None:
        if self._process is not None:
            self._process.wait()
        self.ended_at_s = time.monotonic()
        self._ended.set()

    def _await_start(self) -> None:
        deadline_s = time.monotonic() + self._start_s
        while time.monotonic() < deadline_s:
            host = listening(self.hosts, self.port)
            if self._gone():
                raise self._not_started(f"it ended ({how_it_ended(self._status())})")
            if host:
                self.host = host
                return
            self._pause.wait(POLL_S)
        elsewhere = listening_ports(self._process.pid) if self._process is not None else []
        instead = f"; it listens on port {', '.join(map(str, elsewhere))}" if elsewhere else ""
        raise self._not_started(f"it did not within {self._start_s:g} s (--start-limit){instead}")

    def _not_started(self, why: str) -> NotTestable:
        cure = self._how_to_set_the_port()
        self.stop(patience_s=KILL_LIMIT_S)
        printed = "\n".join(f"    {line}" for line in self.output())
        output = f"these are its last lines:\n{printed}" if printed else "it printed nothing"
        return NotTestable(
            f"the command was to accept connections on port {self.port}: {why}",
            f"{cure}; {output}",
        )

    def _how_to_set_the_port(self) -> str:
        """Return what to do about a command that did not listen where it was expected to."""
        if self._placed:
            return f"run it by hand: it has to listen on port {self.port}, which --target-url names"
        if PORT in self.command:
            return f"run it by hand ({PORT} is where the port goes)"
        if self._gone():
            return f"run it by hand, with PORT={self.port} in its environment"
        return (
            f"the command has no {PORT}, so the server has to listen on the port that the "
            f"environment variable PORT names (here {self.port}); if it does not read PORT, write "
            f"{PORT} where the command takes its port, as in 'uvicorn app:app --port {PORT}', or "
            "name its fixed port with --target-url http://127.0.0.1:8000"
        )

    def await_death(self) -> bool:
        """Return whether the server has ended by itself, or is about to.

        A server that accepts no connections any more is given a moment to be seen to end.
        """
        if not self.died and not listening([self.host], self.port):
            self._await_gone(time.monotonic() + DEATH_LAG_S)
        return bool(self.died)

    # -- stopping ------------------------------------------------------------------------

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def terminate(self) -> None:
        """Ask every process of the server to end (SIGTERM), once."""
        if self._process is None or self._terminated_at_s is not None:
            return
        # What is about to end by itself is not to be taken for obedient.
        if not self.await_death():
            self._terminated_at_s = time.monotonic()
            signal_all(self._process.pid, signal.SIGTERM)

    def stop(self, *, patience_s: float | None = None) -> None:
        """End every process of the server: politely, then by force. Always bounded."""
        self.terminate()
        asked_s = self._terminated_at_s
        if asked_s is not None:
            patience_s = self.stop_s if patience_s is None else patience_s
            if not self._await_gone(asked_s + patience_s):
                self.kill()
                self._await_gone(time.monotonic() + KILL_LIMIT_S)
        if self._tail is not None:
            self._tail.finish(OUTPUT_LIMIT_S)
        if self._handles_sigterm:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._handles_sigterm = False

    def kill(self) -> None:
        """End every process of the server by force (SIGKILL)."""
        if self._process is not None and not self._gone():
            self._killed = True
            # Windows has no such signal: what ends a process there is force in any case.
            signal_all(self._process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def _await_gone(self, deadline_s: float) -> bool:
        """Wait until all processes have ended; return whether they have (monotonic clock)."""
        while not self._gone():
            if time.monotonic() >= deadline_s:
                return False
            self._pause.wait(POLL_S)
        self._gone_at_s = self._gone_at_s or time.monotonic()
        return True

    def _gone(self) -> bool:
        """Return whether the command and all that it started have ended."""
        process = self._process
        return process is None or (self._ended.is_set() and not members(process.pid))

    def _status(self) -> int:
        return (self._process.returncode or 0) if self._process is not None else 0

    def _stop_on_sigterm(self) -> None:
        """End the server when the run itself is ended, as CI does with cancelled jobs."""
        main = threading.current_thread() is threading.main_thread()
        if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            return

        def stop(number: int, _frame: FrameType | None) -> None:
            self.kill()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        signal.signal(signal.SIGTERM, stop)
        self._handles_sigterm = True

    # -- reporting -----------------------------------------------------------------------

    def facts(self, *, clean: Callable[[str], str] = str) -> dict[str, Any]:
        """Return what became of the server, JSON-ready. After `stop`.

        `clean` takes secrets out of the command and of what the server printed.
        """
        facts: dict[str, Any] = {"command": clean(self.command), "port": self.port}
        if self.died:
            output = [clean(line) for line in self.output()]
            return {**facts, "died": self.died, "output": output}
        if self._terminated_at_s is not None:
            ended_s = (self._gone_at_s or time.monotonic()) - self._terminated_at_s
            facts["shutdown"] = {"seconds": round(ended_s, 3), "killed": self._killed}
        return facts
