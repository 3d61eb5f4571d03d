"""A sighting: what was seen of an endpoint, as far as it may show which dialect it speaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from streamchat_conformance.core.strict_json import read_json

SHOWN_BYTES = 64 * 1024
"""How much of a body is looked at."""
LINES_LIMIT = 512
"""How many of its lines."""
VALUES_LIMIT = 64
"""How many JSON values of it."""

_GAP = re.compile(r"[\s,\[\]\x1e]*")
"""What stands between JSON values that follow each other: lines, or items of an array."""


@dataclass(frozen=True)
class Sighting:
    """One request to an endpoint and its answer; what is not known is empty."""

    body: bytes = b""
    """The answer's body, its transfer and content codings undone."""
    status: int = 0
    fields: tuple[tuple[str, str], ...] = ()
    """The field lines of the answer's head."""
    path: str = ""
    """The path that was asked, without its query."""
    path_proves: bool = True
    """Whether the path is evidence: somebody who knows the server asked it, or the server
    refuses others."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """The request's JSON object, if it was written for this endpoint."""
    request_fields: tuple[tuple[str, str], ...] = ()

    @cached_property
    def media_type(self) -> str:
        """The answer's media type as `type/subtype` in small letters."""
        value = next((value for name, value in self.fields if name.lower() == "content-type"), "")
        return value.partition(";")[0].strip(" \t").lower()

    @property
    def served(self) -> bool:
        """Whether there is an endpoint at the path, whatever it says of the request."""
        return self.status not in (0, 404, 405, 501) and not 300 <= self.status < 400

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the body."""
        text = self.body[:SHOWN_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
        return re.split(r"\r\n|\r|\n", text)[:LINES_LIMIT]

    @cached_property
    def event_names(self) -> list[str]:
        """The names of a stream's events, each once."""
        return list(dict.fromkeys(value for name, value in self._fields if name == "event"))

    @cached_property
    def data(self) -> list[str]:
        """The data of a stream's events: each line of it, and lines that belong together."""
        found: list[str] = []
        together: list[str] = []
        for name, value in self._fields:
            if name == "data":
                found.append(value)
                together.append(value)
            elif not name:
                found += ["\n".join(together)] if len(together) > 1 else []
                together = []
        return found

    @cached_property
    def values(self) -> list[dict[str, Any]]:
        """The JSON objects of the answer: an event's data, a line, an array's item, or the body."""
        if self.data:
            read = (read_json(data).value for data in self.data[:VALUES_LIMIT])
            return [value for value in read if isinstance(value, dict)]
        return list(_objects("\n".join(self.lines)))

    @cached_property
    def _fields(self) -> list[tuple[str, str]]:
        """Each line of an event stream as (name, value); an empty line has no name."""
        found = []
        for line in self.lines:
            name, _, value = line.partition(":")
            if not line or name in ("event", "data"):
                found.append((name, value.removeprefix(" ")))
        return [*found, ("", "")]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield JSON objects that follow each other, alone or in an array."""
    decoder = json.JSONDecoder()
    at = 0
    for _ in range(VALUES_LIMIT):
        match = _GAP.match(text, at)
        at = match.end() if match else at
        try:
            # No family nests deep, or writes numbers that are too long to be read.
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("\n", at)
            if at < 0:
                return
            continue
        if isinstance(value, dict):
            yield value
