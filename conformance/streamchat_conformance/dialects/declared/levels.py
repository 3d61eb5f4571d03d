"""How the shared requirements weigh in a declared dialect, and what its file may change.

A file may lower a level, also that of a requirement that follows from it, and never raise one: what
HTTP and the standard of event streams ask for is not a matter of the dialect.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamchat_conformance.catalogue import MAY, MUST, SHOULD, Level, Requirement
from streamchat_conformance.core.nearest import did_you_mean, nearest_of
from streamchat_conformance.dialects.declared.checked_tables import DeclarationError
from streamchat_conformance.dialects.declared.declaration import Declaration

OFF = "off"
WORDS: Mapping[str, str] = {
    "off": OFF,
    "I": MAY,
    "S": SHOULD,
    "M": MUST,
    **{level.value: level for level in Level},
    **{level.value.lower(): level for level in Level},
}
"""The words for levels, as a file writes them."""

_WEIGHTS = {OFF: 0, MAY: 1, SHOULD: 2, MUST: 3}

WITHOUT = (
    *("error.status", "error.shape", "request.valid-accepted", "request.unknown-members"),
    *("stream.line-client", "stream.fault", "sse.event-type", "payload.object"),
    "payload.no-replacement",
)
"""What only an endpoint that is described to the last member can be held to."""

DEFAULT_LEVELS: dict[str, Level] = {
    **dict.fromkeys(("headers.no-cache", "headers.connection-keep-alive"), MAY),
    **dict.fromkeys(
        (
            *("headers.cache-control", "headers.connection-persistent", "sse.one-line"),
            *("connection.reuse-after-stream", "error.routing-json", "error.media-type"),
            *("request.method-refused", "request.allow", "request.unknown-path"),
            *("request.large-prompt", "request.media-type-not-json", "request.chunked-body"),
            *("request.chunk-extensions", "request.deep-nesting", "request.huge-number"),
            "request.body-not-utf8",
        ),
        SHOULD,
    ),
}
"""What servers differ about."""


def check_levels(
    declaration: Declaration, shared: Mapping[str, Requirement], own: frozenset[str]
) -> None:
    """Raise DeclarationError where a file names an unknown requirement, or raises one's level."""
    for id_, word in declaration.levels.items():
        mine = id_.startswith(f"{declaration.name}.")
        problem = (
            _own_problem(declaration, id_, word, own)
            if mine
            else _shared_problem(id_, word, shared)
        )
        if problem:
            line = declaration.level_lines.get(id_, 1)
            raise DeclarationError(f"{declaration.file}:{line}: [levels] {id_!r} {problem}")


def _own_problem(declaration: Declaration, id_: str, word: str, own: frozenset[str]) -> str:
    if id_ not in own:
        hint = did_you_mean(nearest_of(id_, own))
        return f"does not follow from this file; {hint or 'see dialect check'}"
    if word == OFF:
        return "follows from the declaration: leave out what declares it instead"
    if id_ == f"{declaration.name}.sentinel":
        return "has its level in 'sentinel' of [stream]"
    return ""


def _shared_problem(id_: str, word: str, shared: Mapping[str, Requirement]) -> str:
    if id_ not in shared:
        hint = did_you_mean(nearest_of(id_, shared))
        hint = hint or "'streamchat-conformance list' shows the requirements"
        return f"is unknown; {hint}"
    known = OFF if id_ in WITHOUT else DEFAULT_LEVELS.get(id_, shared[id_].level)
    if _WEIGHTS[word] > _WEIGHTS[known]:
        how = "not judged" if known == OFF else known
        return f"is {how} in a declared dialect, and a file may only lower that"
    return ""
