"""What answers where the dialect's endpoint was expected, if something else does."""

from __future__ import annotations

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.families import Family, family_of
from streamchat_conformance.dialects.registry import dialect_named, own_names
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

WITHIN_S = 5.0
"""How long another endpoint is waited for (seconds)."""


def recognise(target: Target, readings: list[Reading]) -> None:
    """Raise NotTestable where the answers are those of another family of endpoints."""
    for reading in readings:
        family = family_of(reading.body)
        if family is None:
            continue
        if family.dialect == target.dialect.name and not family.elsewhere:
            return
        raise _not_this(target, family, target.endpoint.path)


def look_elsewhere(target: Target) -> None:
    """Raise NotTestable where another dialect's endpoint answers on this server."""
    for name in own_names():
        other = dialect_named(name)
        if name == target.dialect.name or other.path == target.endpoint.path:
            continue
        request = HttpRequest.chat(other.requests.plain[0], path=other.path)
        reading = target.send(
            request,
            stop=Answered(events=1, within_s=WITHIN_S),
            label="is there another endpoint?",
            observe=False,
        )
        family = family_of(reading.body)
        if reading.head is not None and family is not None and family.dialect == name:
            raise _not_this(target, family, other.path)


def _not_this(target: Target, family: Family, path: str) -> NotTestable:
    endpoint = target.endpoint
    reason = f"{path} answers as {family.title} does, and not as --dialect {target.dialect.name}"
    if not family.dialect:
        return NotTestable(reason, "no dialect of this version judges that")
    url = f"{endpoint.scheme}://{endpoint.authority}"
    if not family.elsewhere and path != family.path:
        url += path
    return NotTestable(
        reason,
        f"judge it with: streamchat-conformance --dialect {family.dialect} --target-url {url}",
    )
