"""The bytes of a body that are retained as evidence of a fault."""

from __future__ import annotations

from streamchat_load.faults import excerpt

RETAINED_LIMIT_BYTES = 256 * 1024
"""How much of a stream's body is retained."""


class RetainedBody:
    """The end of a body, or all of it while it is small."""

    __slots__ = ("_pieces", "_retained_bytes", "dropped_bytes")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._retained_bytes = 0
        self.dropped_bytes = 0
        """How many bytes of the beginning were dropped."""

    def append(self, piece: bytes) -> None:
        """Add bytes at the end; drop the oldest ones beyond the limit."""
        self._pieces.append(piece)
        self._retained_bytes += len(piece)
        if self._retained_bytes > RETAINED_LIMIT_BYTES:
            self._drop_half()

    def __bytes__(self) -> bytes:
        """Return the retained bytes."""
        return b"".join(self._pieces)

    def __len__(self) -> int:
        """Return how many bytes are retained."""
        return self._retained_bytes

    @property
    def total_bytes(self) -> int:
        """How long the body is so far."""
        return self.dropped_bytes + self._retained_bytes

    def _drop_half(self) -> None:
        pieces = self._pieces
        while len(pieces) > 2 and self._retained_bytes > RETAINED_LIMIT_BYTES // 2:
            half = len(pieces) // 2
            dropped = sum(map(len, pieces[:half]))
            del pieces[:half]
            self._retained_bytes -= dropped
            self.dropped_bytes += dropped
        if len(pieces) <= 2 and self._retained_bytes > RETAINED_LIMIT_BYTES:
            shortened = excerpt(pieces[-1])
            self.dropped_bytes += self._retained_bytes - len(shortened)
            self._pieces, self._retained_bytes = [shortened], len(shortened)
