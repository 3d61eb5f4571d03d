"""Servers in child processes: their start, the first line that they print, and their end."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Sequence

STOP_LIMIT_S = 10.0
"""How long a process may take to end, once when asked to and once when killed (seconds)."""


def start_child(command: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command; return its process, whose standard output is a pipe of text."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def first_line(process: subprocess.Popen[str], limit_s: float) -> str:
    """Return what a child prints first, stripped; empty if nothing comes within the limit.

    Raises RuntimeError where its output is no pipe.
    """
    stdout = process.stdout
    if stdout is None:
        raise RuntimeError("the process was started without a pipe")
    ready, _, _ = select.select([stdout], [], [], limit_s)
    return stdout.readline().strip() if ready else ""


def stop_child(process: subprocess.Popen[str]) -> None:
    """End a child and close its pipe."""
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_LIMIT_S)
    if process.stdout is not None:
        process.stdout.close()
