"""What the events of a stream say."""

from __future__ import annotations

from streamchat_conformance.dialects.interface import Content, Payloads, Piece


def content(payloads: Payloads) -> Content:
    """Return what events say."""
    pieces, finished, failure = [], False, None
    for block, payload in payloads:
        kind = block.event.type if block.event is not None else ""
        value = payload.value if isinstance(payload.value, dict) else {}
        if kind == "token" and isinstance(value.get("t"), str):
            pieces.append(Piece(value["t"], block))
        finished = finished or kind == "done"
        failure = failure or (block if kind == "failed" else None)
    return Content(tuple(pieces), finished=finished, failure=failure)
