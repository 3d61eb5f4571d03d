"""How long a body goes on after the event that ends what it says."""

from __future__ import annotations

from streamchat_conformance.judges.reading import Reading


def silent_s(reading: Reading, since_s: float) -> float:
    """Return how long nothing came at the end of an exchange that the server did not end."""
    return reading.exchange.ended_at_s - since_s


def open_s(reading: Reading, since_s: float, within_s: float) -> float | None:
    """Return how long the body went on after a moment (seconds).

    None where the exchange was left open for less than `within_s`: that shows nothing.
    """
    if reading.ended or reading.response.last_chunk is not None:
        at_s = reading.exchange.ended_at_s if reading.closed else _last_read_s(reading)
        return at_s - since_s
    left_s = silent_s(reading, since_s)
    return left_s if left_s >= within_s else None


def _last_read_s(reading: Reading) -> float:
    return reading.exchange.reads[-1].at_s if reading.exchange.reads else 0.0
