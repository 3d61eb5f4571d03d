"""The processes of one session, and how to end them all."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

WINDOWS = sys.platform == "win32"
END_LIMIT_S = 20.0
"""Longest wait for the program that ends a tree of processes (seconds)."""

_PROC = Path("/proc")
_LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp (see proc(5))."""


def members(session: int) -> list[int]:
    """Return the process ids of a session whose processes have not ended.

    Where there is no /proc, the session's first process group stands for all of it. Processes
    that have ended and that nobody has waited for (zombies) do not count. Windows has no
    sessions: there a process stands for itself, and whoever started it waits for it.
    """
    if WINDOWS:
        return []
    if not (_PROC / "self" / "stat").exists():
        try:
            os.killpg(session, 0)
        except (ProcessLookupError, PermissionError):
            return []
        return [session]
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The command's name stands in brackets and may itself have brackets in it.
            state, _, _, of_session = (
                (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:4]
            )
            if int(of_session) == session and state not in "ZX":
                found.append(int(entry.name))
    return found


def listening_ports(session: int) -> list[int]:
    """Return the TCP ports on which a session's processes listen; none where there is no /proc."""
    inodes = set()
    for process in members(session):
        with contextlib.suppress(OSError):
            for descriptor in (_PROC / str(process) / "fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(str(descriptor.readlink()))
    ports = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in (_PROC / "net" / table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and f"socket:[{fields[9]}]" in inodes:
                    ports.add(int(fields[1].rpartition(":")[2], 16))
    return sorted(ports)


def signal_all(session: int, number: signal.Signals) -> None:
    """Send a signal to every process of a session, whatever group it has gone to.

    Windows knows no signals between processes: there the whole tree is ended by force.
    """
    if WINDOWS:
        command = ["taskkill", "/F", "/T", "/PID", str(session)]
        subprocess.run(command, capture_output=True, check=False, timeout=END_LIMIT_S)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, number)
    for process in members(session):
        if process != session and _group(process) != session:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)


def _group(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return -1


def how_it_ended(status: int) -> str:
    """Return an exit status in words: a negative one names the signal."""
    # A shell reports a signal of its child as 128 and the signal's number.
    number = -status if status < 0 else status - 128
    if status < 0 or status > 128:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(number).name}"
    return f"exit status {status}"
