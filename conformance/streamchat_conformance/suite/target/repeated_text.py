"""Whether a target repeats text of its requests, although its events have no echo of them.

A model may quote the prompt, and a server may name it in a comment. Such text does harm where it
is not escaped, or goes to another client, as an echo does: what breaks is reported. Where nothing
breaks, the requirement stays not applicable, since nobody knows how much is repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamchat_conformance.catalogue import ECHO
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.target.stop_conditions import Answered

if TYPE_CHECKING:
    from streamchat_conformance.catalogue import Capability, Requirement
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.live_target import LiveTarget

BROKEN_WITHOUT_ECHO: Final = frozenset(
    {"payload.isolation", "payload.line-separators", "payload.no-injection"}
)
"""Requirements that a server can break which repeats text anywhere."""
EVENTS: Final = 12
"""In how many events the text is looked for."""
WHOLE_S: Final = 2.0
"""Streams that end within this time are read to their end (seconds)."""
WORDS: Final = ("quartz-4711-lagoon", "cobalt-2903-meadow")
"""What is looked for: of the prompt, and of what was said before it."""


def text_of(reading: Reading) -> str:
    """Return the text of a stream: as it stands there, and its pieces joined."""
    content = reading.dialect.content(reading.payloads)
    joined = "".join(piece.text for piece in content.pieces)
    return f"{reading.body.decode('utf-8', 'replace')}\n{joined}"


def lacking(target: LiveTarget, requirement: Requirement) -> Capability | None:
    """Return a capability that a target needs to show a requirement, and lacks.

    One without an echo that repeats text anyhow may break what is about such text.
    """
    has = target.known.capabilities.has
    missing = next((each for each in requirement.needs if not has(each)), None)
    if missing is None or _may_break_without_echo(target, requirement):
        return None
    return missing


def _may_break_without_echo(target: LiveTarget, requirement: Requirement) -> bool:
    """Return whether a target without an echo may break, or has broken, what needs one."""
    if ECHO not in requirement.needs or requirement.id not in BROKEN_WITHOUT_ECHO:
        return False
    if target.known.capabilities.declared(ECHO) is not None:
        return False
    return target.ledger.red(requirement.id) or _repeats(target)


def _repeats(target: LiveTarget) -> bool:
    if target.known.repeats is None:
        baseline = target.baseline
        whole = baseline.finite and baseline.duration_s <= WHOLE_S
        now, before = WORDS
        reading = target.send(
            HttpRequest.chat(target.recalling(before, now=now)),
            stop=Answered(EVENTS, whole=whole),
            label="whether text of the request comes back",
        )
        found = text_of(reading)
        target.known.repeats = any(word in found for word in WORDS)
    return target.known.repeats
