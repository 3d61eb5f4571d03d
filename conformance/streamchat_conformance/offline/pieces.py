"""Exchanges written in pieces: text with hexadecimal digits where text cannot say it.

This is the form of the corpus `streamchat_fixtures.exchanges`, whose documentation describes it,
and a form in which people can write an exchange by hand.
"""

from __future__ import annotations

from typing import Any

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.offline.recording import Format, RecordedExchange, RecordingError

LIMIT_BYTES = 64 * 1024 * 1024
"""Longer texts are not built, however often a piece says that it is repeated."""

_MEMBERS = frozenset({"sent", "received", "ended"})
_OPTIONAL = frozenset({"ended_at_ms", "limits", "sent_bytes", "unrecorded_bytes"})
_REMARKS = frozenset({"why", "breaks", "clears"})
"""What the corpus says of the exchange. It is judged without looking at that."""
_PASSED = {"head_ms": "head_s", "first_event_ms": "first_event_s"}


def is_pieces(document: Any) -> bool:
    """Return whether a JSON document is an exchange written in pieces."""
    return isinstance(document, dict) and "sent" in document and "received" in document


def read_pieces(document: Any, name: str) -> RecordedExchange:
    """Read an exchange written in pieces. Raises RecordingError."""
    try:
        return _recording(document, name)
    except _WrongError as error:
        raise RecordingError(f"{name}: {error}") from None
    except RecursionError:
        raise RecordingError(f"{name}: its pieces are nested too deep") from None


class _WrongError(Exception):
    """Something in the document is not as it must be; the message says what."""


def _recording(document: dict[str, Any], name: str) -> RecordedExchange:
    unknown = sorted(document.keys() - _MEMBERS - _OPTIONAL - _REMARKS)
    missing = sorted(_MEMBERS - document.keys())
    if unknown or missing:
        what = f"has an unknown member {unknown[0]!r}" if unknown else f"lacks {missing[0]!r}"
        raise _WrongError(f"the exchange {what}")
    reads = _reads(document["received"])
    last_ms = round(reads[-1].at_s * 1000) if reads else 0
    limits = _object(document.get("limits", {}), "limits")
    if limits.keys() - _PASSED.keys() - {"gap_ms"}:
        raise _WrongError(f"limits are {', '.join(_PASSED)} and gap_ms, not {sorted(limits)}")
    passed = [
        f"{_PASSED[key]}={_count(limits[key], key, least=1) / 1000:g}"
        for key in limits
        if key in _PASSED
    ]
    sent_bytes = document.get("sent_bytes")
    exchange = Exchange(
        request=_joined(document["sent"], "sent"),
        reads=reads,
        ending=_ending(document["ended"], timed_out=bool(passed)),
        ended_at_s=_count(document.get("ended_at_ms", last_ms), "ended_at_ms", least=last_ms)
        / 1000,
        sent_bytes=None if sent_bytes is None else _count(sent_bytes, "sent_bytes"),
        limit=passed[0] if passed else None,
        unrecorded_bytes=_count(document.get("unrecorded_bytes", 0), "unrecorded_bytes"),
        label=name,
    )
    gap = limits.get("gap_ms")
    return RecordedExchange(
        exchange,
        name,
        Format.PIECES,
        gap_limit_s=None if gap is None else _count(gap, "gap_ms", least=1) / 1000,
    )


def _ending(value: Any, *, timed_out: bool) -> Ending:
    known = [ending.value for ending in Ending if ending is not Ending.OVERFLOW]
    if value not in known:
        raise _WrongError(f"'ended' is none of {', '.join(known)}: {str(value)[:40]!r}")
    if (value == Ending.TIMED_OUT) != timed_out:
        raise _WrongError(f"timed-out goes with {' or '.join(_PASSED)} in 'limits'")
    return Ending(value)


def _reads(received: Any) -> tuple[Read, ...]:
    if not isinstance(received, list):
        raise _WrongError("'received' is not an array")
    if not any(isinstance(read, dict) and "at_ms" in read for read in received):
        data = _joined(received, "received")
        return (Read(0.0, data),) if data else ()
    reads: list[Read] = []
    before_ms = 0
    for read in received:
        if not isinstance(read, dict) or read.keys() != {"at_ms", "pieces"}:
            raise _WrongError("'received' has pieces among reads; a read has at_ms and pieces")
        before_ms = _count(read["at_ms"], "at_ms", least=before_ms)
        reads.append(Read(before_ms / 1000, _joined(read["pieces"], "pieces")))
    return tuple(reads)


def _joined(pieces: Any, name: str) -> bytes:
    if not isinstance(pieces, list):
        raise _WrongError(f"{name!r} is not an array of pieces")
    if sum(_size(piece) for piece in pieces) > LIMIT_BYTES:
        raise _WrongError(f"{name!r} stands for more than {LIMIT_BYTES // 2**20} MiB")
    return b"".join(_bytes(piece) for piece in pieces)


def _size(piece: Any) -> int:
    """Return how many bytes a piece stands for, without building them."""
    if isinstance(piece, dict) and piece.keys() == {"repeat", "times"}:
        return _size(piece["repeat"]) * _count(piece["times"], "times")
    return len(_bytes(piece))


def _bytes(piece: Any) -> bytes:
    try:
        if isinstance(piece, str):
            return piece.encode("utf-8")
        if isinstance(piece, dict) and piece.keys() == {"hex"} and isinstance(piece["hex"], str):
            return bytes.fromhex(piece["hex"])
    except ValueError as error:
        raise _WrongError(f"a piece is not right: {error}") from None
    if isinstance(piece, dict) and piece.keys() == {"repeat", "times"}:
        return _bytes(piece["repeat"]) * _count(piece["times"], "times")
    raise _WrongError(f"a piece is text, hex, or repeat with times, not {str(piece)[:60]!r}")


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(f"{name!r} is not an object")
    return value


def _count(value: Any, name: str, *, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**53:
        raise _WrongError(f"{name!r} is not a whole number from {least}: {str(value)[:40]!r}")
    return value
