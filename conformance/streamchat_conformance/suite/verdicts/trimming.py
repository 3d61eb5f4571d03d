"""Trimming of exchanges that go into a report."""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.core.exchange import Exchange, Read

KEPT_BYTES = 64 * 1024
"""What is kept of the bytes of an exchange that goes into a report."""


def trimmed(exchange: Exchange) -> Exchange:
    """Return an exchange with at most `KEPT_BYTES` of what was received; the rest is counted."""
    room = KEPT_BYTES
    if sum(len(read.data) for read in exchange.reads) <= room:
        return exchange
    kept: list[Read] = []
    for read in exchange.reads:
        if room <= 0:
            break
        kept.append(Read(read.at_s, read.data[:room]))
        room -= len(read.data)
    left_out = sum(len(read.data) for read in exchange.reads) - KEPT_BYTES
    return replace(
        exchange,
        reads=tuple(kept),
        unrecorded_bytes=exchange.unrecorded_bytes + left_out,
        notes=(*exchange.notes, f"{left_out} bytes more were received and judged"),
    )
