"""The content of this endpoint's events: `response` is text, `prompt` and `history` are echoes."""

from __future__ import annotations

from streamchat_conformance.dialects.interface import Content, Payloads, Piece
from streamchat_conformance.dialects.stream_chat.classification import MEMBERS


def content(payloads: Payloads) -> Content:
    """Return what events say. An `event: error` reports a failure; nothing marks the end."""
    pieces, echoes, failure = [], [], None
    for block, payload in payloads:
        members = payload.value
        named_error = block.event is not None and block.event.type == "error"
        if named_error:
            failure = failure or block
        if not isinstance(members, dict) or payload.error is not None:
            continue
        if isinstance(members.get("response"), str) and not named_error:
            pieces.append(Piece(members["response"], block))
        if members.keys() >= MEMBERS:
            echoes.append({name: members[name] for name in sorted(MEMBERS)})
    return Content(tuple(pieces), failure=failure, echoes=tuple(echoes))
