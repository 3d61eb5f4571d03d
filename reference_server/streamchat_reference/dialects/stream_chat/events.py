"""The events of the article's endpoint: a piece of the answer each, or a failure."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from streamchat_reference.answerers.interface import Thought
from streamchat_reference.streaming import event_stream

if TYPE_CHECKING:
    from collections.abc import Iterator


class ChatEvents:
    """Writes an answer as `{"response": …}` events; `echo` are further members, as JSON text."""

    def __init__(self, echo: str = "") -> None:
        self._before = f"{echo}," if echo else ""
        self._empty = True

    def begin(self) -> Iterator[bytes]:
        """Return no events: an answer begins with its first piece."""
        return iter(())

    def piece(self, piece: object) -> Iterator[bytes]:
        """Yield the event for one piece of text. Reasoning has no place in this dialect."""
        if isinstance(piece, Thought):
            return
        if not isinstance(piece, str):
            raise TypeError(f"pieces must be text, not {type(piece).__name__}")
        self._empty = False
        yield self._content(piece)

    def end(self) -> Iterator[bytes]:
        """Yield an empty piece where there was none: a complete answer has at least one event."""
        if self._empty:
            yield self._content("")

    def fail(self, text: str) -> Iterator[bytes]:
        """Yield the failure, in an event whose name distinguishes it from the answer's text."""
        yield event_stream.event(f'{{"error":{encode_basestring_ascii(text)}}}', "error")

    def _content(self, text: str) -> bytes:
        members = f'{self._before}"response":{encode_basestring_ascii(text)}'
        return event_stream.event(f"{{{members}}}")
