"""The expected bytes of a whole stream: verifying it is then a comparison of bytes.

When not only the events' texts but every byte of the body is a function of the nonce, a body
that is byte for byte the expected one needs neither parsing nor judging: the bodies that the rule
was learned from were parsed and judged in full. That costs a fraction of a microsecond for each
event. A body that differs in a single byte is parsed from its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamchat_conformance.core.eventstream import Event, EventStreamParser

from streamchat_load.verification.template import LEARNING_NONCES, EventTemplate, learn_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class ExpectedBody:
    """A body as a function of the nonce, and where in it each event ends (bytes)."""

    template: EventTemplate
    ends: tuple[int, ...]
    first_text: int | None = None
    """The number of the first event that has text, counted from 1; None if no event has."""

    def body(self, nonce: str) -> bytes:
        """Return the body for a nonce."""
        return self.template.text(nonce).encode("utf-8")


def learn_body(
    bodies: Sequence[bytes],
    proof_nonce: str,
    content: Callable[[str, str], str | None] = lambda _kind, data: data,
    text: Callable[[str, str], str] = lambda _kind, data: data,
) -> ExpectedBody | None:
    """Return the rule behind three whole bodies, or None if there is none.

    The first two have `LEARNING_NONCES`, the third `proof_nonce`, which proves the rule. Events
    without `content` (`LoadDialect.content`) are not counted; `text` (`LoadDialect.text`) returns
    what of an event is visible to a user.
    """
    try:
        first, second, proof = (body.decode("utf-8") for body in bodies)
    except UnicodeDecodeError:
        return None
    template = learn_text(first, second)
    if template is None or template.text(proof_nonce) != proof:
        return None
    # The nonce's digits are ASCII, so that offsets do not depend on the nonce.
    body = template.text(LEARNING_NONCES[0]).encode("utf-8")
    counted = [
        (end, event)
        for end, event in _events_with_ends(body)
        if event.type == "error" or content(event.type, event.data) is not None
    ]
    if not counted:
        return None
    with_text = (
        number
        for number, (_, event) in enumerate(counted, start=1)
        if text(event.type, event.data).strip()
    )
    return ExpectedBody(template, tuple(end for end, _ in counted), next(with_text, None))


def _events_with_ends(body: bytes) -> Iterator[tuple[int, Event]]:
    """Yield each event of a body with the offset just after it."""
    parser = EventStreamParser()
    offset = 0
    for line in body.splitlines(keepends=True):
        offset += len(line)
        for event in parser.receive(line, 0.0):
            yield offset, event
