"""Exchanges as the suite saves them: one, a list of them, or the JSON report of a run."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.offline.recording import Format, RecordedExchange, RecordingError


def is_saved(document: Any) -> bool:
    """Return whether a JSON document is something that the suite has saved."""
    if isinstance(document, list):
        return bool(document) and is_saved(document[0])
    return isinstance(document, dict) and ("exchanges" in document or "reads" in document)


def read_saved(document: Any, name: str) -> list[RecordedExchange]:
    """Read saved exchanges. Raises RecordingError."""
    values = document
    if isinstance(document, dict):
        values = document.get("exchanges", [document])
    if not isinstance(values, list):
        raise RecordingError(f"{name}: 'exchanges' is not an array; give a report of the suite")
    dialect = _dialect(document)
    found = []
    for number, value in enumerate(values, 1):
        place = name if len(values) == 1 else f"{name} #{number}"
        try:
            exchange = Exchange.from_json(value)
        except ValueError as error:
            raise RecordingError(f"{place}: {error}") from None
        found.append(RecordedExchange(exchange, place, Format.EXCHANGE, dialect=dialect))
    if not found:
        raise RecordingError(f"{name}: the report keeps no exchange, because nothing failed")
    return found


def _dialect(document: Any) -> str:
    """Return the dialect that a report says it was judged by; empty where it says none."""
    target = document.get("target") if isinstance(document, dict) else None
    dialect = target.get("dialect") if isinstance(target, dict) else None
    return dialect[:100] if isinstance(dialect, str) else ""
