"""What the tables of a declaration have to say alike: names of states, places in requests."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from streamchat_conformance.core.nearest import did_you_mean, nearest, nearest_of
from streamchat_conformance.dialects.declared.checked_tables import CheckedTable
from streamchat_conformance.dialects.declared.declaration import (
    ALL_SCOPES,
    COMPLETE,
    FAILED,
    Declaration,
)
from streamchat_conformance.dialects.declared.pointers import found, is_of, pointers_in
from streamchat_conformance.dialects.declared.templates import request_of


def check_consistency(
    declaration: Declaration, request: CheckedTable, events: Sequence[CheckedTable]
) -> None:
    """Raise DeclarationError where one part of a file contradicts another."""
    _check_request(declaration, request)
    _check_reached(declaration, events)
    _check_states(declaration, events)
    _check_scopes(declaration, events)


def _check_request(declaration: Declaration, table: CheckedTable) -> None:
    form = declaration.request
    turns = [("user", "Hi"), ("assistant", "Hello.")] if form.history_item is not None else []
    value = request_of(form, form.prompt, turns, form.model or "model")
    known = pointers_in(value)
    for key, pointers in (("required", form.required), ("optional", form.optional)):
        for pointer in sorted(pointers):
            if not found(value, pointer) and (key == "required" or pointer not in form.required):
                if key == "required" and pointer in form.optional:
                    continue
                message = f"{pointer!r} of '{key}' is not in 'request.template'"
                raise table.error(key, f"{message}; {nearest(pointer, known)}", pointer)
    for pointer, types in form.required.items():
        if not all(is_of(each, types) for each in found(value, pointer)):
            shown = " or ".join(types)
            message = (
                f"{pointer!r} must be {shown}, and 'request.template' has something else there"
            )
            raise table.error("required", message, pointer)
    if form.continue_set and form.continue_set.count("/") > 1:
        above = form.continue_set.rpartition("/")[0]
        if not found(value, above):
            raise table.error("continue", f"{above!r} of 'continue.set' is not in the template")


def _check_scopes(declaration: Declaration, tables: Sequence[CheckedTable]) -> None:
    """Raise for a scope that is used and that no event opens, or whose ids are made otherwise."""
    opened = {name for kind in declaration.events for name in kind.opens | kind.ensures}
    widths: dict[str, int] = {}
    for kind, table in zip(declaration.events, tables, strict=True):
        for key, names in (("needs", kind.needs), ("closes", kind.closes)):
            for name in sorted(names - opened):
                raise table.error(key, f"no event opens the scope {name!r}{_near(name, opened)}")
        for name in sorted(kind.leaves_open - opened - {ALL_SCOPES}):
            message = f"no event opens the scope {name!r}{_near(name, opened)}"
            raise table.error("leaves_open", message)
        for name, pointers in kind.scopes.items():
            if widths.setdefault(name, len(pointers)) != len(pointers):
                message = f"an id of the scope {name!r} has {widths[name]} pointers elsewhere"
                raise table.error("scope", message, name)


def _near(name: str, known: Collection[str]) -> str:
    hint = did_you_mean(nearest_of(name, known))
    return f"; {hint}" if hint else ""


def _check_reached(declaration: Declaration, tables: Sequence[CheckedTable]) -> None:
    """Raise where an event can never match, since one before it matches all of its kind."""
    seen: dict[str, int] = {}
    for kind, table in zip(declaration.events, tables, strict=True):
        if kind.kind in seen:
            of = f" of kind {kind.kind!r}" if kind.kind else ""
            message = f"this [[event]]{of} is never reached: the one in line {seen[kind.kind]}"
            raise table.error("", f"{message} matches first; give that one a 'when', or swap them")
        if not kind.when:
            seen[kind.kind] = kind.line


def _check_states(declaration: Declaration, tables: Sequence[CheckedTable]) -> None:
    """Raise for a state that no event leads to, or that looks like another one misspelt."""
    start = declaration.stream.start
    entered = {start, COMPLETE, FAILED}
    left = {start, COMPLETE, FAILED}
    for kind in declaration.events:
        entered.update(kind.states.values())
        left.update(kind.states)
    for kind, table in zip(declaration.events, tables, strict=True):
        for before, after in kind.states.items():
            if before not in entered:
                others = entered - {before}
                message = f"no event leads to the state {before!r}"
                raise table.error("states", f"{message}; {nearest(before, others)}", before)
            near = nearest_of(after, left - {after}, cutoff=0.7)
            if after not in left and near:
                message = f"the state {after!r} is left by no event"
                raise table.error("states", f"{message}; {did_you_mean(near)}", before)
