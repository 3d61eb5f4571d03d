"""The table [request] of a declaration, read."""

from __future__ import annotations

import json
from typing import Any

from streamchat_conformance.dialects.declared.checked_tables import CheckedTable
from streamchat_conformance.dialects.declared.declaration import (
    DeclaredRequestForm,
    UnknownMembers,
)
from streamchat_conformance.dialects.declared.templates import UUIDS, placeholders_in

REQUEST_KEYS = (
    *("template", "history_item", "roles", "required", "optional", "unknown_members"),
    *("prompt_in_history", "history", "continue", "prompt", "model"),
)
_IN_TEMPLATE = ("prompt", "history", "model", *UUIDS)
_IN_ITEM = ("role", "text", *UUIDS)


def request_form(table: CheckedTable) -> DeclaredRequestForm:
    """Return how requests look. Raises DeclarationError."""
    if "template" not in table:
        raise table.error("", "[request] needs 'template', the JSON of a request")
    template = _json(table, "template", _IN_TEMPLATE)
    if not isinstance(template, dict):
        raise table.error("template", "'request.template' must be a JSON object")
    item = _json(table, "history_item", _IN_ITEM) if "history_item" in table else None
    history = _history(table, placeholders_in(template), item)
    roles = table.words("roles") or {"user": "user", "assistant": "assistant"}
    for role in roles:
        if role not in ("user", "assistant"):
            raise table.inner("roles", ("user", "assistant")).unknown(role, ("user", "assistant"))
    go_on = table.inner("continue", ("set", "from"))
    for key in ("set", "from"):
        if "continue" in table and key not in go_on:
            raise table.error("continue", f"'continue' needs '{key}', a JSON pointer")
    unknown = table.choice("unknown_members", list(UnknownMembers), UnknownMembers.UNSPECIFIED)
    return DeclaredRequestForm(
        template=template,
        history_item=item,
        roles=roles,
        required=table.types("required", stars=False),
        optional=frozenset(table.pointers("optional")),
        unknown_members=UnknownMembers(unknown),
        prompt_in_history=table.flag("prompt_in_history"),
        history=history,
        continue_set=go_on.pointer("set", stars=False),
        continue_from=go_on.pointer("from", stars=False),
        prompt=table.text("prompt", "Hello"),
        model=table.text("model"),
    )


def _history(table: CheckedTable, inside: set[str], item: Any) -> str:
    """Return where earlier turns are. Raises DeclarationError where the places do not fit."""
    in_history = table.flag("prompt_in_history")
    history = table.choice(
        "history", ("none", "body", "server"), "body" if "history" in inside else "none"
    )
    if "history" in inside and "history_item" not in table:
        raise table.error("", "[request] needs 'history_item': its template has \"$history\"")
    if history == "body" and "history" not in inside:
        raise table.error("history", 'history = "body" needs a place for "$history"')
    if in_history and "history" not in inside:
        raise table.error("prompt_in_history", "'prompt_in_history' needs \"$history\"")
    if not in_history and "prompt" not in inside:
        raise table.error("template", "'request.template' has no place for \"$prompt\"")
    if item is not None and "text" not in placeholders_in(item):
        raise table.error("history_item", "'request.history_item' has no place for \"$text\"")
    return history


def _json(table: CheckedTable, key: str, known: tuple[str, ...]) -> Any:
    text = table.text(key)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        hint = ""
        if '"$' not in text and "$" in text:
            hint = '; a placeholder stands in quotation marks, as in "$prompt"'
        raise table.error(
            key, f"'request.{key}' is not JSON: {error.msg} at character {error.pos + 1}{hint}"
        ) from None
    except RecursionError:
        raise table.error(key, f"'request.{key}' is nested too deeply") from None
    table.check_placeholders(key, text, known)
    return value
