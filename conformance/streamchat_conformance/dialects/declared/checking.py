"""What can be judged by a declaration, what cannot, and what it would have to say for that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streamchat_conformance.catalogue import SHARED
from streamchat_conformance.dialects.declared.declaration import Declaration, UnknownMembers
from streamchat_conformance.dialects.declared.levels import DEFAULT_LEVELS
from streamchat_conformance.dialects.declared.rules import declaration_of
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of

ROWS: dict[str, str] = {
    "accepted": "",
    "required": "'required' in [request]: the members that a request must have, and their types",
    "unknown-members": '\'unknown_members\' in [request]: "ignored" or "refused"',
    "refusal": "[refusal]: the status, the media type and the members of a refusal",
    "schema": "'require', 'optional', 'values' or 'text' in an [[event]]",
    "order": "'states' of [[event]]s with several states before the end, or 'scope'",
    "event-names": '\'event_names\' in [stream]: "kind" or "kind-or-none"',
    "terminal": "an [[event]] that leads to the state complete, or 'complete_when' in one",
    "after-terminal": "an [[event]] that leads to the state complete or failed",
    "failed-event": "an [[event]] that leads to the state failed, or 'failed_when' in one",
    "sentinel": "'sentinel' in [stream]: data that is not JSON and ends a stream",
    "names": 'unknown = "red" in [stream], if no other kinds of events may come',
    "counter": "'counter' in [stream]: a number that rises with each event, or by a declared step",
    "same": "'same' in [stream]: what all events of a stream repeat",
    "unique": "'unique' in [stream]: what differs from stream to stream",
    "continue": "'continue' in [request], where the server keeps conversations",
    "final-text": "'equal' in an [[event]]: where the whole text comes once more",
    "text": "'text' in an [[event]]: where the pieces of the answer stand",
    "echo": "'echo' in an [[event]]: what repeats the request",
    "headers": "'headers' in [stream]: field lines that each stream has",
    "line-ends": 'line_ends = "lf" in [stream], where clients read no other',
}
"""Each row that may follow from a declaration, and what it follows from."""


def checked(file: str) -> Iterator[str]:
    """Yield what a file declares, line by line. Raises UnknownDialectError."""
    dialect = dialect_named(file)
    declaration, rules = declaration_of(dialect), rules_of(file)
    own = {id_.partition(".")[2]: id_ for id_ in rules.catalogue if id_ not in SHARED.by_id}
    yield f"{Path(file).name}: {declaration.name}, POST {declaration.path}"
    yield ""
    yield f"judged by what it declares ({len(own)} requirements)"
    for row in ROWS:
        if row in own:
            entry = rules.catalogue[own[row]]
            yield f"  {entry.id:<28} {entry.level:<7} {entry.title}"
    missing = [row for row in ROWS if row not in own]
    if missing:
        yield ""
        yield f"not judged ({len(missing)}), until it declares"
        yield from (f"  {declaration.name}.{row:<22} {ROWS[row]}" for row in missing)
    yield ""
    shared = [id_ for id_ in rules.catalogue if id_ in SHARED.by_id]
    yield f"judged as in all dialects: {len(shared)} requirements of HTTP, event streams and time"
    for id_, word in sorted(declaration.levels.items()):
        if id_ not in SHARED.by_id:
            continue
        before = DEFAULT_LEVELS.get(id_, SHARED.by_id[id_].level)
        yield f"  {id_}: {word} instead of {before} ([levels])"
    notes = list(_notes(declaration))
    if notes:
        yield ""
        yield "to know"
        yield from (f"  {note}" for note in notes)


def _notes(declaration: Declaration) -> Iterator[str]:
    """Yield what weakens the verdicts, though it is no mistake."""
    events, stream = declaration.events, declaration.stream
    if not events:
        yield "no [[event]]: nothing that a stream says is looked at"
    if stream.complete_at_eof:
        yield 'complete = "eof": a stream that was cut shows only where the body is chunked'
    elif events and not declaration.has_terminal and not declaration.ends_by_sentinel:
        yield "nothing completes a stream: one that was cut looks like a whole one"
    for kind in events:
        if kind.follows_end:
            yield f"line {kind.line}: this [[event]] may come only after the end"
    for name, what in (("fault", "a failure in mid-stream"), ("slow", "a long silence")):
        if not declaration.capabilities.get(name):
            where = f"no '{name}' in [capabilities]"
            yield f"{where}: {what} is not applicable, unless the target file has [{name}]"
    if declaration.request.unknown_members is UnknownMembers.UNSPECIFIED:
        yield "unknown_members is unspecified: a request with one may be accepted or refused"
    if declaration.authorization is not None:
        yield f"a run needs the environment variable {declaration.authorization.variable}"
