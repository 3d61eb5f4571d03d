"""A declaration as a dialect."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from pathlib import Path

from streamchat_conformance.catalogue import MAY, SHOULD, Level
from streamchat_conformance.dialects.declared.classification import DeclaredClassification
from streamchat_conformance.dialects.declared.declaration import (
    FAILED,
    Declaration,
    SentinelLevel,
)
from streamchat_conformance.dialects.declared.machine import DeclaredContent
from streamchat_conformance.dialects.declared.reading import read_declaration
from streamchat_conformance.dialects.declared.refusals import DeclaredRefusals
from streamchat_conformance.dialects.declared.requests import DeclaredRequests
from streamchat_conformance.dialects.interface import Deployment, Dialect

_UUID = str(uuid.uuid4())
"""What stands for `$uuid` in a path: the same in a whole run."""

PACKAGE = "streamchat_conformance.dialects.declared"

AREAS = frozenset(
    {
        *("request", "error", "headers", "transport", "sse", "payload", "stream"),
        *("connection", "resilience"),
    }
)
"""What the ids of shared requirements begin with."""

_WITHOUT = (
    *("error.status", "error.shape", "request.valid-accepted", "request.unknown-members"),
    *("stream.line-client", "stream.fault", "sse.event-type", "payload.object"),
    "payload.no-replacement",
)
"""What only an endpoint that is described to the last member can be held to."""

_LEVELS: dict[str, Level] = {
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


def _named(declaration: Declaration, state: str) -> frozenset[str]:
    """Return the names of events that lead to a state."""
    return frozenset(kind.kind for kind in declaration.events if state in kind.states.values())


def _deployed(dialect: Dialect, deployment: Deployment) -> Dialect:
    declaration = dialect.declaration
    assert isinstance(declaration, Declaration)
    requests = DeclaredRequests(declaration.request, deployment)
    model = deployment.model or declaration.request.model
    path = declaration.path.replace("$uuid", _UUID)
    path = path.replace("$model", model) if model else path
    return replace(dialect, requests=requests, path=path)


def _authorization(declaration: Declaration) -> tuple[tuple[str, str], ...]:
    auth = declaration.authorization
    if auth is None:
        return ()
    key = os.environ.get(auth.variable, "")
    return ((auth.header, auth.prefix + key),) if key else ()


def made_dialect(declaration: Declaration) -> Dialect:
    """Return the dialect that a file declares."""
    levels, without = dict(_LEVELS), set(_WITHOUT)
    for id_, word in declaration.levels.items():
        levels.pop(id_, None)
        if word == "off":
            without.add(id_)
        else:
            levels[id_] = MAY if word == "I" else SHOULD
    stream = declaration.stream
    by_name = stream.kind == "event"
    refusal = declaration.refusal
    if refusal is None or refusal.media_type:
        # Undeclared, or part of the declared refusal.
        without.add("error.media-type")
        levels.pop("error.media-type", None)
    judged = stream.sentinel and stream.sentinel_level is not SentinelLevel.NEVER
    kinds = frozenset(kind.kind for kind in declaration.events)
    plain = frozenset(kind.kind for kind in declaration.events if not kind.json)
    name = declaration.name
    made = Dialect(
        name=declaration.file,
        title=declaration.title or f"POST {declaration.path}, as {declaration.file} declares it",
        path=declaration.path,
        requests=DeclaredRequests(declaration.request, Deployment()),
        refusals=DeclaredRefusals(declaration),
        asked=DeclaredClassification(declaration),
        content=DeclaredContent(declaration),
        package=PACKAGE,
        plain_row=f"{name}.accepted",
        sentinel=stream.sentinel if judged else None,
        content_events=kinds if by_name else frozenset({"message"}),
        failure_events=_named(declaration, FAILED) if by_name else frozenset({"error"}),
        plain_events=plain | stream.keepalive_names,
        deployed=_deployed,
        first_event_s=60.0,
        levels={id_: level for id_, level in levels.items() if id_ not in without},
        without=frozenset(without),
        request_rows=(f"{name}.required", f"{name}.unknown-members", f"{name}.refusal"),
        declaration=declaration,
        triggers=declaration.triggers,
        known=declaration.capabilities,
        own_headers=_authorization(declaration),
        explains={
            f"{name}.text": (f"{name}.schema",),
            f"{name}.final-text": (f"{name}.schema",),
        },
    )
    return made.for_deployment(Deployment())


def dialect_of_file(file: Path, taken: frozenset[str] = frozenset()) -> Dialect:
    """Return the dialect that a file declares. Raises DeclarationError."""
    return made_dialect(read_declaration(file, taken | AREAS))
