"""The content of this endpoint's events."""

from __future__ import annotations

from streamchat_conformance.dialects.interface import Content, Payloads, Piece
from streamchat_conformance.dialects.openai.data import DatumKind, classified
from streamchat_conformance.dialects.openai.machine import delta_of, speaks, thinks


def content(payloads: Payloads) -> Content:
    """Return what events say: content is text, a `finish_reason` marks the end of a choice."""
    pieces, thoughts, failure = [], [], None
    open_choices: set[str] = set()
    finished: set[str] = set()
    for datum in classified([block for block, _ in payloads], payloads):
        if datum.kind in (DatumKind.ERROR, DatumKind.MISSHAPEN_ERROR):
            failure = failure or datum.block
        if datum.kind is not DatumKind.CHUNK:
            continue
        for choice in datum.choices:
            delta = delta_of(choice)
            text = delta.get("content")
            if isinstance(text, str) and text:
                pieces.append(Piece(text, datum.block))
            elif speaks(delta) or thinks(delta):
                thoughts.append(datum.block)
            index = repr(choice.get("index"))[:40]
            (finished if choice.get("finish_reason") else open_choices).add(index)
    whole = bool(finished) and open_choices <= finished and failure is None
    return Content(tuple(pieces), finished=whole, failure=failure, thoughts=tuple(thoughts))
