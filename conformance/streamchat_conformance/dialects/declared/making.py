"""A declaration as a dialect."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from pathlib import Path

from streamchat_conformance.catalogue import Level
from streamchat_conformance.dialects.declared.classification import DeclaredClassification
from streamchat_conformance.dialects.declared.content import DeclaredContent
from streamchat_conformance.dialects.declared.declaration import (
    FAILED,
    Declaration,
)
from streamchat_conformance.dialects.declared.levels import DEFAULT_LEVELS, OFF, WITHOUT
from streamchat_conformance.dialects.declared.reading import read_declaration
from streamchat_conformance.dialects.declared.refusals import DeclaredRefusals
from streamchat_conformance.dialects.declared.requests import DeclaredRequests
from streamchat_conformance.dialects.interface import Deployment, Dialect, bearer

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


@dataclass(frozen=True)
class NotAsJson(Container[str]):
    """The names of events whose data is not declared as JSON: all but those that are.

    Events without a name are to be JSON, unless the file says otherwise.
    """

    as_json: frozenset[str]
    plain: frozenset[str]
    families: tuple[str, ...] = ()
    """What the names of other events begin with whose data is declared as JSON."""

    def __contains__(self, name: object) -> bool:
        """Return whether the data of events of this name need not be JSON."""
        if name in self.plain or name in self.as_json or name == "message":
            return name in self.plain
        return not (isinstance(name, str) and name.startswith(self.families))


def _leading_to(declaration: Declaration, state: str) -> frozenset[str]:
    """Return the names of events that may lead to a state."""
    return frozenset(kind.kind for kind in declaration.events if kind.leads_to(state))


def _deployed(dialect: Dialect, deployment: Deployment) -> Dialect:
    declaration = dialect.declaration
    assert isinstance(declaration, Declaration)
    requests = DeclaredRequests(declaration.request, deployment)
    model = deployment.model or declaration.request.model
    path = declaration.path.replace("$uuid", _UUID)
    path = path.replace("$model", model) if model else path
    return replace(dialect, requests=requests, path=path)


def _credentials(declaration: Declaration) -> Callable[[str], tuple[str, str]]:
    """Return what makes the field line of a key."""
    auth = declaration.authorization
    if auth is None:
        return bearer
    return lambda key: (auth.header, auth.prefix + key)


def _explanations(declaration: Declaration) -> dict[str, tuple[str, ...]]:
    """Return which of the declared requirements, broken, explains others."""
    name, stream = declaration.name, declaration.stream
    names, schema = f"{name}.names", f"{name}.schema"
    # What does not repeat the request changes, or is that of another stream, by that alone.
    echoed = {pointer for kind in declaration.events for pointer in kind.echo}
    repeated = {
        row: (f"{name}.echo",) if echoed.intersection(pointers) else ()
        for row, pointers in (("same", stream.same), ("unique", stream.unique))
    }
    return {
        # An event of a strange name may be the one that is missing.
        f"{name}.order": (names, "payload.json"),
        f"{name}.text": (names, schema),
        f"{name}.final-text": (names, schema, f"{name}.order", "payload.json"),
        f"{name}.terminal": ("transport.terminated", "payload.json", names, schema),
        f"{name}.failed-event": (names, schema, f"{name}.event-names"),
        **dict.fromkeys((f"{name}.{row}" for row in ("continue", "echo")), (schema,)),
        f"{name}.same": repeated["same"],
        f"{name}.unique": (schema, *repeated["unique"]),
        f"{name}.sentinel": ("transport.terminated",),
        # Another sentinel than the declared one is no JSON either.
        "payload.json": (f"{name}.sentinel",),
        "stream.fault-visible": (f"{name}.failed-event",),
    }


def made_dialect(declaration: Declaration) -> Dialect:
    """Return the dialect that a file declares."""
    levels, without = dict(DEFAULT_LEVELS), set(WITHOUT)
    lowered = {}
    for id_, word in declaration.levels.items():
        if id_.startswith(f"{declaration.name}."):
            continue  # that of its own requirement is declared with it
        if word == OFF:
            without.add(id_)
        elif id_ not in without:
            lowered[id_] = (levels.get(id_), f"[levels] in {declaration.file}")
            levels[id_] = Level(word)
    stream = declaration.stream
    by_name = stream.kind == "event"
    refusal, auth = declaration.refusal, declaration.authorization
    if refusal is None or refusal.media_type:
        # Undeclared, or part of the declared refusal.
        without.add("error.media-type")
        levels.pop("error.media-type", None)
    if stream.lf:
        # The declared requirement says it.
        without.add("sse.line-endings")
    as_json = refusal is not None and refusal.media_type in ("", "application/json")
    if refusal is None or not refusal.require or not as_json:
        # Whether other errors look alike is not declared either.
        without.add("error.routing-json")
    if not declaration.has_failure:
        # How a failure shows is not declared.
        without.add("stream.fault-visible")
    content = DeclaredContent(declaration)
    kinds = frozenset(kind.kind for kind in declaration.events)
    plain = frozenset(kind.kind for kind in declaration.events if not kind.json)
    families = tuple(kind.kind[:-1] for kind in declaration.events if kind.is_family and kind.json)
    name = declaration.name
    made = Dialect(
        name=declaration.file,
        title=declaration.title or f"POST {declaration.path}, as {declaration.file} declares it",
        path=declaration.path,
        requests=DeclaredRequests(declaration.request, Deployment()),
        refusals=DeclaredRefusals(declaration),
        asked=DeclaredClassification(declaration),
        content=content,
        follows=content.of_all,
        package=PACKAGE,
        plain_row=f"{name}.accepted",
        sentinel=stream.sentinel or None,
        content_events=kinds if by_name else frozenset({"message"}),
        failure_events=_leading_to(declaration, FAILED) if by_name else frozenset(),
        plain_events=NotAsJson(kinds - plain, plain | stream.keepalive_names, families)
        if by_name
        else stream.keepalive_names,
        dataless_events=declaration.dataless_names,
        deployed=_deployed,
        first_event_s=60.0,
        levels={id_: level for id_, level in levels.items() if id_ not in without},
        without=frozenset(without),
        internal_errors=frozenset({f"{name}.accepted"}),
        request_rows=(f"{name}.required", f"{name}.unknown-members", f"{name}.refusal"),
        lowered=lowered,
        declaration=declaration,
        triggers=declaration.triggers,
        known=declaration.capabilities,
        fields=declaration.headers,
        credentials=_credentials(declaration),
        key_variable=auth.variable if auth is not None else "",
        key_parameter=auth.parameter if auth is not None else "",
        ends=frozenset({f"{name}.terminal", f"{name}.sentinel"}),
        explains=_explanations(declaration),
    )
    return made.for_deployment(Deployment())


def dialect_of_file(file: Path, taken: frozenset[str] = frozenset()) -> Dialect:
    """Return the dialect that a file declares. Raises DeclarationError."""
    return made_dialect(read_declaration(file, taken | AREAS))
