"""How a server of Chat Completions breaks streams, and what the load tests call each way."""

from typing import Final

FAULTS: Final = {
    "lost": "lost",
    "duplicated": "duplicated",
    "reordered": "reordered",
    "altered": "altered",
    "crossed-text": "crossed",
    "crossed-id": "crossed",
    "taken-id": "crossed",
    "other-id": "identity",
    "cut": "truncated",
    "no-done": "truncated",
    "no-finish": "truncated",
    "no-usage": "lost",
    "after-finish": "order",
    "after-done": "altered",
    "error": "error-event",
    "utf8": "utf8",
    "not-json": "payload",
    "misspelt-end": "payload",
    "malformed-line": "framing",
    "no-choices": "payload",
    "no-role": "order",
    "media-type": "head",
    "stalled": "stall",
}
"""Each kind of fault, and the class under which a load counts it."""
