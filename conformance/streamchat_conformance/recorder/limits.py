"""The named limits that bound every wait and every recording."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each wait may take (seconds) and how much is kept (bytes, reads).

    Raises ValueError, naming the limit, when one is not a number above zero.
    """

    connect_s: float = 5.0
    """Name look-up, TCP connection to one of the addresses, and TLS handshake together."""
    send_s: float = 10.0
    """Longest wait for the socket to take more of the request; pauses on purpose not counted."""
    head_s: float = 10.0
    """From the end of the request to the end of the response head."""
    first_event_s: float = 10.0
    """From the end of the request to the first event of a 200 response."""
    idle_s: float = 20.0
    """Longest silence after the response head."""
    total_s: float = 60.0
    """From the first byte of the request to the end of the recording, whatever happens."""
    recording_bytes: int = 4 * 1024 * 1024
    """Bytes kept of one exchange."""
    recording_reads: int = 65_536
    """Reads kept of one exchange: a read of one byte costs memory, too."""

    def __post_init__(self) -> None:
        for name in _NAMES:
            value = getattr(self, name)
            whole = name.startswith("recording_")
            number = isinstance(value, int if whole else (int, float)) and value is not True
            if not (number and value > 0 and math.isfinite(value)):
                wanted = "a whole number" if whole else "a finite number of seconds"
                raise ValueError(f"{name} must be {wanted} above 0, not {value!r}")

    def named(self, name: str) -> str:
        """Return `name=value`, the form in which an exchange names what ended it."""
        value = getattr(self, name)
        return f"{name}={value:g}" if name.endswith("_s") else f"{name}={value}"


_NAMES = tuple(limit.name for limit in fields(Limits))
