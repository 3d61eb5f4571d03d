"""The last output of a process: read all the time, kept in bounds."""

from __future__ import annotations

import os
import threading

KEPT_BYTES = 64 * 1024
"""How much of the end of a process's output is kept."""
SHOWN_LINES = 20
SHOWN_LINE_CHARACTERS = 300


class Tail:
    """Reads a pipe to its end in a thread of its own, and keeps the end of what came."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._kept = bytearray()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="streamchat-output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while data := os.read(self._pipe, 65_536):
            with self._lock:
                self._kept += data
                del self._kept[:-KEPT_BYTES]
        os.close(self._pipe)

    def finish(self, within_s: float) -> None:
        """Wait until all is read: nobody has the pipe open any more. Gives up after a time."""
        self._thread.join(within_s)

    def lines(self) -> list[str]:
        """Return the last lines, each cut to a length that a person reads."""
        with self._lock:
            text = bytes(self._kept).decode("utf-8", "replace")
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return [line[:SHOWN_LINE_CHARACTERS] for line in lines[-SHOWN_LINES:]]
