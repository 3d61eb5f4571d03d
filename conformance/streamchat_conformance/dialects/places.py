"""Where text and values stand in the requests of a dialect, found in what it builds itself.

A dialect that knows more places than its requests show says so (`Dialect.places`,
`Dialect.repeatable`).
"""

from __future__ import annotations

from collections.abc import Sequence

from streamchat_conformance.core.http_request import Body
from streamchat_conformance.core.json_place import MARK, BodyPlaces, JsonPlace, with_member
from streamchat_conformance.dialects.interface import Dialect, Repeatable, Requests


def places_of(dialect: Dialect, plain: Body) -> BodyPlaces:
    """Return the places of a request like `plain`."""
    if dialect.places is not None:
        return dialect.places(plain)
    valid = plain.body()
    return BodyPlaces(
        valid=valid,
        texts=tuple(
            JsonPlace.of_string(body.body()) for body in dialect.requests.everywhere(plain, MARK)
        ),
        names=(JsonPlace.of(lambda raw: with_member(valid, raw + b":0")),),
        values=(JsonPlace.of(lambda raw: with_member(valid, b'"x-unknown":' + raw)),),
        hostile=dialect.hostile(plain) if dialect.hostile is not None else (),
    )


def repeatable_of(dialect: Dialect) -> Repeatable:
    """Return where the dialect's text may stand that a server may repeat outside the data."""
    return dialect.repeatable or TextPlaces(dialect.requests)


class TextPlaces:
    """What a request says, and what its earlier turns say."""

    names = ("text", "earlier turns")

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def request(self, plain: Body, text: str, names: Sequence[str]) -> Body:
        """Return a request like `plain` with the text in some of these places at once."""
        saying = self._requests.saying(plain, text) if self.names[0] in names else plain
        return self._requests.recalling(saying, text) if self.names[1] in names else saying
