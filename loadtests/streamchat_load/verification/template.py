"""Templates: the expected texts of a stream as functions of its nonce.

Three streams with different nonces are read first. Where two texts of the same event differ,
they must differ by nonce digits alone: the two nonces that are used for learning have a
different pair of digits at each of their 16 positions, so a differing character shows which
position of the nonce it came from, even if a nonce is cut into pieces over several events. The
third stream, whose nonce is random, proves the rule. A server whose answers vary otherwise (a
language model, a clock) has no template: its streams are judged without one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NONCE_DIGITS = 16
LEARNING_NONCES = ("0123456789abcdef", "fedcba9876543210")
"""No position has the same digit in both, and no pair of digits occurs at two positions."""

_POSITIONS = {pair: position for position, pair in enumerate(zip(*LEARNING_NONCES, strict=True))}


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """The text of one event: literal pieces, with stretches of the nonce between them.

    `pieces` are strings, and pairs (start, end), each for `nonce[start:end]`.
    `whole` holds the literals when every stretch is the whole nonce: the common, fast case.
    """

    pieces: tuple[str | tuple[int, int], ...]
    whole: tuple[str, ...] | None

    def text(self, nonce: str) -> str:
        """Return the event's text for a nonce."""
        if self.whole is not None:
            return nonce.join(self.whole)
        return "".join(
            piece if isinstance(piece, str) else nonce[piece[0] : piece[1]] for piece in self.pieces
        )

    def fits(self, text: str) -> bool:
        """Return whether this is the event's text for some nonce.

        A single digit may be anything, so the text must have two adjacent ones of a nonce.
        """
        shows = any(end - start > 1 for start, end in self._stretches())
        return shows and re.fullmatch(self._pattern(), text) is not None

    def _stretches(self) -> Iterator[tuple[int, int]]:
        return (piece for piece in self.pieces if not isinstance(piece, str))

    def _pattern(self) -> str:
        return "".join(
            re.escape(piece) if isinstance(piece, str) else f"[0-9a-f]{{{piece[1] - piece[0]}}}"
            for piece in self.pieces
        )

    def dump(self) -> list[str | list[int]]:
        """Return a form that JSON and msgpack can carry, and `load` reads back."""
        return [piece if isinstance(piece, str) else list(piece) for piece in self.pieces]

    @classmethod
    def load(cls, dumped: Sequence[str | Sequence[int]]) -> Self:
        """Restore a template from `dump`'s form."""
        return cls.of(
            [piece if isinstance(piece, str) else (piece[0], piece[1]) for piece in dumped]
        )

    @classmethod
    def of(cls, pieces: Sequence[str | tuple[int, int]]) -> Self:
        """Return the template of some pieces."""
        return cls(tuple(pieces), _whole(pieces))


@dataclass(frozen=True, slots=True)
class StreamTemplate:
    """The texts of a stream's events, as functions of the nonce."""

    events: tuple[EventTemplate, ...]

    def texts(self, nonce: str) -> list[str]:
        """Return the expected texts, in order, for a nonce."""
        return [event.text(nonce) for event in self.events]

    @property
    def distinct(self) -> int:
        """How many different texts there are: if they are few, less of the order is verified."""
        return len(set(self.events))


def learn_template(
    first: Sequence[str], second: Sequence[str], proof: Sequence[str], proof_nonce: str
) -> StreamTemplate | None:
    """Return the template that explains three streams, or None if there is none.

    `first` and `second` are the event texts of streams with `LEARNING_NONCES`. Streams that
    were cut off at different events are compared as far as all three go.
    """
    length = min(len(first), len(second), len(proof))
    if length == 0:
        return None
    events = []
    for one, other in zip(first[:length], second[:length], strict=True):
        event = learn_text(one, other)
        if event is None:
            return None
        events.append(event)
    template = StreamTemplate(tuple(events))
    if template.texts(proof_nonce) != list(proof[:length]):
        return None
    return template


def learn_text(one: str, other: str) -> EventTemplate | None:
    """Return the rule behind two texts with `LEARNING_NONCES`, or None if there is none."""
    if len(one) != len(other):
        return None
    pieces: list[str | tuple[int, int]] = []
    literal_from = at = 0
    while at < len(one):
        position = _POSITIONS.get((one[at], other[at])) if one[at] != other[at] else None
        if position is None:
            if one[at] != other[at]:
                return None
            at += 1
            continue
        end_position = position + 1
        end = at + 1
        while (
            end < len(one)
            and end_position < NONCE_DIGITS
            and _POSITIONS.get((one[end], other[end])) == end_position
        ):
            end += 1
            end_position += 1
        if at > literal_from:
            pieces.append(one[literal_from:at])
        pieces.append((position, end_position))
        at = literal_from = end
    if literal_from < len(one):
        pieces.append(one[literal_from:])
    return EventTemplate.of(pieces)


def _whole(pieces: Sequence[str | tuple[int, int]]) -> tuple[str, ...] | None:
    """Return the literals around whole nonces, or None if a nonce is cut."""
    literals = [""]
    for piece in pieces:
        if isinstance(piece, str):
            literals[-1] += piece
        elif piece == (0, NONCE_DIGITS):
            literals.append("")
        else:
            return None
    return tuple(literals)
