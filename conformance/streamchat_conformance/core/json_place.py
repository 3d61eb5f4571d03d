"""Places in a JSON text for another one: how bodies with a single fault are made.

What stands in a place is raw bytes, so that it may be what no JSON encoder writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

MARK = "streamchat-place"
"""A text that stands for another one while a place is looked for."""
_MARK_TEXT = f'"{MARK}"'.encode()


@dataclass(frozen=True, slots=True)
class JsonPlace:
    """A place in a JSON text: what stands before it, and what stands after it."""

    before: bytes
    after: bytes

    @classmethod
    def of(cls, build: Callable[[bytes], bytes]) -> Self:
        """Return the place where `build` puts a raw JSON text."""
        before, _, after = build(_MARK_TEXT).partition(_MARK_TEXT)
        return cls(before, after)

    @classmethod
    def of_string(cls, text: bytes) -> Self:
        """Return the place of the string that `MARK` stands in."""
        at = text.index(MARK.encode())
        before = text[: text.rindex(b'"', 0, at)]
        return cls(before, text[text.index(b'"', at) + 1 :])

    def filled(self, raw: bytes) -> bytes:
        """Return the JSON text with `raw` in this place."""
        return self.before + raw + self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPlaces:
    """A valid request body, a JSON object, and its places."""

    valid: bytes
    texts: tuple[JsonPlace, ...]
    """Where a user's text is, the most common place first. Each is a string in a valid body."""
    names: tuple[JsonPlace, ...]
    """Where the name of a member may stand that the server does not know."""
    values: tuple[JsonPlace, ...]
    """Where a value of any kind may stand, or be refused: first where a server is most likely to
    look at it, last in a member that it does not know."""
    answered: tuple[str, ...] = ()
    """Names of members that the server writes in its answer: in a request it knows none of them."""
    hostile: tuple[bytes, ...] = ()
    """Bodies that are known to have brought servers of the dialect down."""

    @property
    def members(self) -> dict[str, object]:
        """The members of the valid body."""
        members: dict[str, object] = json.loads(self.valid)
        return members


def with_member(body: bytes, member: bytes) -> bytes:
    """Return a JSON object with one more member, `"name":value`, at its end."""
    inner = body.rstrip()[:-1].rstrip()
    comma = b"" if inner.endswith(b"{") else b", "
    return inner + comma + member + b"}"
