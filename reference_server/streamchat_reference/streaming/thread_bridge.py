"""A bridge from the thread in which an answerer may block to the stream, which never does."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from streamchat_reference.answerers.interface import Cancellable, Closable, Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PieceT = TypeVar("PieceT")

PIECES_AHEAD = 64
"""An answerer may be this many pieces ahead of its client; then it waits."""


class ThreadBridge(Generic[PieceT]):
    """Takes pieces from an answerer in a second thread; `poll` finds it readable when it has some.

    Leaving the context cancels the answerer. Its thread then ends as soon as the answerer lets
    it: at once where the answerer can be cancelled or waits by `Pause`, else with its next piece.
    """

    def __init__(self, start: Callable[[], Iterable[PieceT | Pause]]) -> None:
        self._start = start
        self._change = threading.Condition()
        self._pieces: deque[PieceT] = deque()
        self._source: Iterable[PieceT | Pause] | None = None
        self._failure: BaseException | None = None
        self._ended = False
        self._cancelled = False
        self._readable = False
        self._reading, self._writing = os.pipe()
        self._thread = threading.Thread(target=self._run, name="answerer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._cancelled = True
            self._change.notify_all()
            source = self._source
            os.close(self._reading)
            os.close(self._writing)
        if isinstance(source, Cancellable):
            source.cancel()

    def fileno(self) -> int:
        """Return the descriptor that is readable while there is something to `take`."""
        return self._reading

    def take(self) -> list[PieceT]:
        """Return the pieces made since the last call, without waiting.

        Raises what the answerer raised, after all pieces before it.
        """
        with self._change:
            if self._readable:
                os.read(self._reading, 1)
                self._readable = False
            if self._failure and not self._pieces:
                raise self._failure
            pieces = list(self._pieces)
            self._pieces.clear()
            self._change.notify_all()
            if self._failure:
                self._wake()  # for the failure, which is yet to be raised
            return pieces

    def ended(self) -> bool:
        """Return whether the answerer has ended well and everything was taken."""
        with self._change:
            return self._ended and not self._failure and not self._pieces

    def _run(self) -> None:
        try:
            source = self._start()
            with self._change:
                self._source = source
                cancelled = self._cancelled
            if cancelled and isinstance(source, Cancellable):
                source.cancel()
            self._drain(source)
        except BaseException as failure:  # noqa: BLE001 - handed over to the stream's thread
            self._end(failure)
        else:
            self._end(None)

    def _drain(self, source: Iterable[PieceT | Pause]) -> None:
        try:
            for step in source:
                if isinstance(step, Pause):
                    self._pause(step.seconds)
                else:
                    self._put(step)
                if self._cancelled:
                    return
        finally:
            if isinstance(source, Closable):
                source.close()

    def _pause(self, seconds: float) -> None:
        with self._change:
            self._change.wait_for(lambda: self._cancelled, timeout=max(0.0, seconds))

    def _put(self, piece: PieceT) -> None:
        with self._change:
            self._change.wait_for(lambda: self._cancelled or len(self._pieces) < PIECES_AHEAD)
            if not self._cancelled:
                self._pieces.append(piece)
                self._wake()

    def _end(self, failure: BaseException | None) -> None:
        with self._change:
            self._failure = failure
            self._ended = True
            if not self._cancelled:
                self._wake()

    def _wake(self) -> None:
        # One byte is in the pipe while something waits to be taken, so it can never be full.
        if not self._readable:
            os.write(self._writing, b"!")
            self._readable = True
