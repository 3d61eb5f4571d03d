"""The signal that the server stops, which every stream waits for."""

from __future__ import annotations

import os
import threading


class StopSignal:
    """Says once, to every stream of this process, that the server stops.

    Safe to set from a signal handler. One pipe, never read, wakes all waits.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self._reading, self._writing = os.pipe()

    def fileno(self) -> int:
        """Return a descriptor that is always readable after `set`."""
        return self._reading

    def set(self) -> None:
        """Stop. Further calls change nothing."""
        if not self._set.is_set():
            self._set.set()
            os.write(self._writing, b"!")

    def is_set(self) -> bool:
        """Return whether the server stops."""
        return self._set.is_set()

    def renew(self) -> None:
        """Take a pipe of its own: after a fork, the old one is shared with other processes."""
        self.close()
        self._reading, self._writing = os.pipe()

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._reading)
        os.close(self._writing)
