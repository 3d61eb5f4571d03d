"""The expected bytes of a whole stream: verifying it is then a comparison of bytes.

When not only the events' texts but every byte of the body is a function of the nonce, a body
that is byte for byte the expected one needs neither parsing nor judging: the bodies that the rule
was learned from were parsed and judged in full. That costs a fraction of a microsecond for each
event. A body that differs in a single byte is parsed from its beginning.
"""

from __future__ import annotations

import re
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
    text_events: tuple[int, ...] = ()
    """The numbers of all events that have text."""
    usage: tuple[int, int] | None = None
    """The tokens of the prompt and of the answer, where the body says how many."""
    own: int = 0
    """How many members of the first event only this stream has, and repeats (such as an id). The
    template has a mark in their places."""

    def body(self, nonce: str) -> bytes:
        """Return the body for a nonce."""
        return self.template.text(nonce).encode("utf-8")

    def body_with(self, nonce: str, members: Sequence[bytes]) -> tuple[bytes, tuple[int, ...]]:
        """Return the body of a stream with its own members, and where in it each event ends."""
        marked = self.body(nonce)
        shifts = [0] * len(self.ends)
        body = marked
        for number, member in enumerate(members):
            mark = mark_of(number)
            body = body.replace(mark, member)
            longer = len(member) - len(mark)
            begin = before = 0
            for place, end in enumerate(self.ends):
                before += marked.count(mark, begin, end)
                begin = end
                shifts[place] += longer * before
        return body, tuple(end + shift for end, shift in zip(self.ends, shifts, strict=True))


def mark_of(number: int) -> bytes:
    """Return what stands in a template for a member of the stream's own; no JSON text has it."""
    return b"\0%d\0" % number


def own_members_of(opening: bytes, pattern: re.Pattern[bytes]) -> tuple[bytes, ...] | None:
    """Return the members that only a stream has, as they stand in its first event.

    None where the event is not there yet. Each is returned once.
    """
    ends = [at for mark in (b"\n\n", b"\r\r", b"\r\n\r\n") if (at := opening.find(mark)) >= 0]
    if not ends:
        return None
    return tuple(dict.fromkeys(pattern.findall(opening, 0, min(ends))))


def marked(body: bytes, pattern: re.Pattern[bytes]) -> tuple[bytes, int]:
    """Return a body with marks in the places of its stream's own members, and how many it has."""
    members = own_members_of(body, pattern) or ()
    if b"\0" in body:
        return body, 0
    for number, member in enumerate(members):
        body = body.replace(member, mark_of(number))
    return body, len(members)


def learn_body(
    bodies: Sequence[bytes],
    proof_nonce: str,
    content: Callable[[str, str], str | None] = lambda _kind, data: data,
    text: Callable[[str, str], str] = lambda _kind, data: data,
    own: re.Pattern[bytes] | None = None,
) -> ExpectedBody | None:
    """Return the rule behind three whole bodies, or None if there is none.

    The first two have `LEARNING_NONCES`, the third `proof_nonce`, which proves the rule. Events
    without `content` (`LoadDialect.content`) are not counted; `text` (`LoadDialect.text`) returns
    what of an event is visible to a user, and `own` finds what in the first event only its stream
    has (`LoadDialect.own_members`).
    """
    owned, plain = 0, bodies[0]
    if own is not None:
        found = [marked(body, own) for body in bodies]
        bodies = [body for body, _ in found]
        owned = found[0][1]
        if any(count != owned for _, count in found):
            return None
    try:
        first, second, proof = (body.decode("utf-8") for body in bodies)
    except UnicodeDecodeError:
        return None
    template = learn_text(first, second)
    if template is None or template.text(proof_nonce) != proof:
        return None
    # The nonce's digits are ASCII, so that offsets do not depend on the nonce.
    body = template.text(LEARNING_NONCES[0]).encode("utf-8")
    # Marks are no JSON: what events say is read where there are none.
    ends = (end for end, _ in _events_with_ends(body))
    counted = [
        (end, event)
        for end, (_, event) in zip(ends, _events_with_ends(plain), strict=True)
        if event.type == "error" or content(event.type, event.data) is not None
    ]
    if not counted:
        return None
    with_text = tuple(
        number
        for number, (_, event) in enumerate(counted, start=1)
        if text(event.type, event.data).strip()
    )
    return ExpectedBody(
        template,
        tuple(end for end, _ in counted),
        next(iter(with_text), None),
        text_events=with_text,
        own=owned,
    )


def _events_with_ends(body: bytes) -> Iterator[tuple[int, Event]]:
    """Yield each event of a body with the offset just after it."""
    parser = EventStreamParser()
    offset = 0
    for line in body.splitlines(keepends=True):
        offset += len(line)
        for event in parser.receive(line, 0.0):
            yield offset, event
