"""The content of this endpoint's events."""

from __future__ import annotations

from streamchat_conformance.dialects.anthropic.data import EventKind, events_of
from streamchat_conformance.dialects.interface import Content, Payloads, Piece

OVERLOADED = "overloaded_error"
"""The type of an error that is 529 where no stream has begun."""


def content(payloads: Payloads) -> Content:
    """Return what events say: text_delta is text, message_stop marks the end, error a failure."""
    pieces, thoughts, failure, finished, no_room = [], [], None, False, False
    for event in events_of([block for block, _ in payloads], payloads):
        if event.kind is EventKind.ERROR:
            failure = failure or event.block
            no_room = event.member("error").get("type") == OVERLOADED
        elif event.kind is EventKind.STOP:
            finished = True
        elif event.kind is EventKind.BLOCK_DELTA:
            delta = event.member("delta")
            text = delta.get("text") if delta.get("type") == "text_delta" else None
            if isinstance(text, str) and text:
                pieces.append(Piece(text, event.block))
            elif delta:
                thoughts.append(event.block)
    return Content(
        tuple(pieces),
        finished=finished and failure is None,
        failure=failure,
        no_room=no_room and not pieces and not thoughts,
        thoughts=tuple(thoughts),
    )
