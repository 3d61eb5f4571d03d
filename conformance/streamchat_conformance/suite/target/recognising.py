"""What answers where the dialect's endpoint was expected, if something else does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.dialects.registry import SUFFIX, dialect_named, own_names
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.dialects.signatures import Signature, certain
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

WITHIN_S = 5.0
"""How long another endpoint is waited for (seconds)."""
NOT_JUDGED = "no dialect of this version judges that"
DECLARE = "a file can declare it: streamchat-conformance dialect new RECORDING writes a first one"

_PATH = re.compile(r"/[!-~]*")


def answer_seen(reading: Reading) -> Sighting:
    """Return what a reading shows of an endpoint by its answer alone."""
    lines = reading.head.fields if reading.head is not None else ()
    fields = tuple((line.name, line.value) for line in lines)
    return Sighting(body=reading.body, status=reading.status, fields=fields)


def other_family(dialect: Dialect, readings: Iterable[Reading]) -> Signature | None:
    """Return the family that the answers are of, if it is another than the dialect's."""
    if dialect.name not in own_names():
        # Somebody's own dialect may well be like a family that is known.
        return None
    found = certain(map(answer_seen, readings))
    return None if found is None or found.name == dialect.name else found


def recognise(target: Target, plain: Reading, refusal: Reading) -> None:
    """Raise NotTestable where the answers are those of another family of endpoints.

    `plain` answers the dialect's plain request, `refusal` one that is to be refused. An endpoint
    that takes this dialect's requests, but not that family's, is to be judged: what it answers is
    wrong, whatever it is like.
    """
    found = other_family(target.dialect, [plain, refusal])
    if found is None or (plain.accepted and not _takes_requests_of(target, found)):
        return
    raise _not_this(target, found, target.endpoint.path)


def _takes_requests_of(target: Target, family: Signature) -> bool:
    """Return whether the endpoint takes a plain request of another family, or is at its path."""
    if not family.judged:
        return family.has_path(target.endpoint.path)
    return _asked_as(target, dialect_named(family.name), target.endpoint.path).accepted


def look_elsewhere(target: Target) -> None:
    """Raise NotTestable where another dialect's endpoint answers on this server."""
    for name in own_names():
        other = dialect_named(name)
        if name == target.dialect.name or other.path == target.endpoint.path:
            continue
        reading = _asked_as(target, other, other.path)
        found = certain([answer_seen(reading)]) if reading.head is not None else None
        if found is not None and found.name == name:
            raise _not_this(target, found, other.path)


def _asked_as(target: Target, other: Dialect, path: str) -> Reading:
    """Return how the server answers another dialect's plain request at a path."""
    return target.send(
        HttpRequest.chat(other.requests.plain[0], path=path),
        stop=Answered(events=1, within_s=WITHIN_S),
        label="is there another endpoint?",
        observe=False,
    )


def default_path(dialect: str) -> str:
    """Return a dialect's own path; an empty string for one that a file is yet to declare."""
    return "" if dialect.endswith(SUFFIX) else dialect_named(dialect).path


def judging_command(dialect: str, origin: str, path: str, options: Sequence[str] = ()) -> str:
    """Return the command that judges a server's endpoint of a dialect at a path."""
    # A path of a recording, or of a redirect, may be anything.
    other = path if path != default_path(dialect) and _PATH.fullmatch(path) else ""
    words = ["streamchat-conformance", "--dialect", dialect, "--target-url", origin + other]
    return shlex.join([*words, *options])


def _not_this(target: Target, found: Signature, path: str) -> NotTestable:
    name = target.dialect.name
    reason = f"{path} answers as {found.title} does, and not as --dialect {name}"
    origin = target.endpoint.origin
    dialect = found.name if found.judged else found.instead
    # Another family's server is judged at the path that the dialect itself has there.
    place = path if found.judged else dialect_named(dialect).path if dialect else ""
    if not dialect or (dialect, place) == (name, path):
        declare = f"; {DECLARE}" if found.event_stream else ""
        return NotTestable(reason, NOT_JUDGED + declare)
    return NotTestable(reason, f"judge it with: {judging_command(dialect, origin, place)}")
