"""Streams that nobody reads, and whether they are long enough to make a server wait."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamchat_conformance.catalogue import FINITE
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.recorder.stop_conditions import head as until_head

if TYPE_CHECKING:
    from streamchat_conformance.suite.target.target import Target

SOCKET_BUFFERS_BYTES = 4 * 1024 * 1024
"""What a system's socket buffers take at most before a write has to wait (Linux: tcp_wmem)."""
PROMPT_BYTES = (1024 * 1024, 60_000)
"""Prompts to be echoed in each event, the best first; a server need not accept the larger."""
FILLING_S = 4.0
"""How long it may take until the buffers are full (seconds)."""


@dataclass(frozen=True, slots=True)
class UnreadStream:
    """A request for a stream that is left unread."""

    request: HttpRequest
    fills: bool
    """Whether its events fill the buffers, so that the server cannot but wait."""
    within_s: float
    """How long they take to do so, or may be waited for (seconds)."""


def unread_stream(target: Target) -> UnreadStream:
    """Return the request whose stream is the largest that this target sends."""
    largest, least = PROMPT_BYTES
    request = HttpRequest.chat(target.plain("x" * largest))
    label = "a prompt of 1 MiB, to see whether it is accepted"
    # An early refusal may come as a reset: any other answer than a stream says no.
    accepted = target.send(request, stop=until_head(), label=label, observe=False).accepted
    if not accepted:
        request = HttpRequest.chat(target.plain("x" * least))
    return _measured(target, request, largest if accepted else least)


def _measured(target: Target, request: HttpRequest, event_bytes: int) -> UnreadStream:
    baseline = target.baseline
    needed = math.ceil(SOCKET_BUFFERS_BYTES / event_bytes)
    made: float = math.inf
    if target.has(FINITE):
        streaming_s = max(0.0, baseline.duration_s - baseline.first_event_s)
        # Rounded, since the last event and the end come together.
        made = round(streaming_s / baseline.interval_s) + 1 if baseline.interval_s else 1
    filling_s = needed * baseline.interval_s
    fills = made >= needed and filling_s <= FILLING_S
    # Nothing more comes of a stream that is over.
    return UnreadStream(request, fills, min(filling_s, FILLING_S, made * baseline.interval_s))
