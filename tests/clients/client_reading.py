"""What a client made of a stream, and how that differs from what it makes of a sound one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class ClientReading:
    """What a client made of a stream."""

    text: str = ""
    reasoning: str = ""
    role: str | None = None
    """As the client has it; None where it has none."""
    calls: list[list[Any]] = field(default_factory=list)
    """Id, name and arguments of each."""
    finish: str | None = None
    usage: list[Any] | None = None
    error: str | None = None


def outcome(reading: ClientReading, sound: ClientReading) -> str:
    """Return how a reading differs from that of the sound stream, in a few words."""
    if reading.error is not None and reading.error == sound.error:
        return "fine"
    if reading.error is not None:
        return f"throws: {_short(reading.error, 70)}"
    found, expected = asdict(reading), asdict(sound)
    if expected["error"] is not None:
        return "the failure is not seen"
    differing = [name for name in expected if found[name] != expected[name]]
    return "; ".join(_difference(name, found[name]) for name in differing) or "fine"


def _difference(name: str, value: Any) -> str:
    if value in (None, "", []):
        return f"no {name}"
    return f"{name} {_short(json.dumps(value, ensure_ascii=False), 60)}"


def _short(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
