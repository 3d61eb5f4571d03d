"""The tables [stream] and [[event]] of a declaration, read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from streamchat_conformance.core.fields import is_token
from streamchat_conformance.core.nearest import nearest
from streamchat_conformance.dialects.declared.checked_tables import CheckedTable
from streamchat_conformance.dialects.declared.declaration import (
    ALL_SCOPES,
    JOINED,
    NO_KIND,
    DeclaredCounter,
    DeclaredEvent,
    DeclaredStream,
    SentinelLevel,
)
from streamchat_conformance.dialects.declared.pointers import kind_word
from streamchat_conformance.dialects.declared.templates import UUIDS

STREAM_KEYS = (
    *("kind", "start", "sentinel", "keepalive", "unknown", "complete", "counter", "same"),
    *("unique", "event_names", "headers", "line_ends"),
)
SCOPE_KEYS = ("opens", "needs", "closes", "ensures")
EVENT_KEYS = (
    *("kind", "when", "text", "replace", "text_optional", "text_unless", "require", "states"),
    *("scope", "opens", "needs", "closes", "complete_when", "failed_when", "equal", "echo"),
    *("json", "data", "optional", "values", "ensures", "once", "leaves_open"),
)


def stream_form(table: CheckedTable) -> DeclaredStream:
    """Return how streams look. Raises DeclarationError."""
    kind = table.text("kind")
    if kind and kind != "event":
        table.check_pointer("kind", kind, stars=False)
    sentinel = table.inner("sentinel", ("data", "level"))
    data = sentinel.text("data").strip(" \r\n")
    if "sentinel" in table and not data:
        raise table.error("sentinel", "'sentinel' needs 'data', the text that ends a stream")
    level = sentinel.choice("level", list(SentinelLevel), SentinelLevel.MAY)
    names, kinds = set[str](), set[str]()
    for word in table.texts("keepalive"):
        how, _, name = word.partition(":")
        if word != "comment" and (how not in ("event", "sse-event") or not name):
            hint = "write 'comment', 'event:KIND' or 'sse-event:NAME'"
            raise table.error("keepalive", f"'stream.keepalive' has {word!r}; {hint}")
        by_name = how == "sse-event" or kind == "event"
        (names if by_name else kinds).update({name} - {""})
    if "complete" in table:
        table.choice("complete", ("eof",), "eof")
    if table.text("start", "open") in ("complete", "failed", ""):
        raise table.error("start", "'stream.start' must be a state that does not end the stream")
    event_names = _event_names(table, kind)
    headers = table.words("headers")
    for name, value in headers.items():
        if not is_token(name) or not value.strip():
            raise table.error("headers", f"{name!r} in 'stream.headers' is no header", name)
    if "line_ends" in table:
        table.choice("line_ends", ("lf",), "lf")
    return DeclaredStream(
        kind=kind,
        start=table.text("start", "open"),
        sentinel=data,
        sentinel_level=SentinelLevel(level),
        keepalive_names=frozenset(names),
        keepalive_kinds=frozenset(kinds),
        unknown_red=table.choice("unknown", ("ignore", "red"), "ignore") == "red",
        complete_at_eof="complete" in table,
        counter=_counter(table),
        same=table.pointers("same"),
        unique=table.pointers("unique"),
        event_names=event_names,
        headers=headers,
        lf="line_ends" in table,
    )


def _counter(table: CheckedTable) -> DeclaredCounter | None:
    """Return the counter: a pointer, or a table with it."""
    if "counter" not in table:
        return None
    if isinstance(table.values["counter"], str):
        return DeclaredCounter(table.pointer("counter", stars=False))
    if not isinstance(table.values["counter"], dict):
        raise table.wrong("counter", "a JSON pointer, or { at = POINTER, step = 1, first = 0 }")
    inner = table.inner("counter", ("at", "step", "first"))
    pointer = inner.pointer("at", stars=False)
    if not pointer:
        raise table.error("counter", "'counter' needs 'at', a JSON pointer")
    step, first = inner.values.get("step", 0), inner.values.get("first")
    if type(step) is not int or ("step" in inner and step < 1):
        raise inner.wrong("step", "a whole number of 1 or more")
    if first is not None and type(first) is not int:
        raise inner.wrong("first", "a whole number")
    return DeclaredCounter(pointer, step, first)


def _event_names(table: CheckedTable, kind: str) -> str:
    if "event_names" not in table:
        return ""
    if not kind.startswith("/"):
        message = "'stream.event_names' compares an event's name with its kind"
        raise table.error("event_names", f"{message}: 'kind' must be a pointer, such as \"/type\"")
    return table.choice("event_names", ("kind", "kind-or-none"), "kind")


def event_kind(table: CheckedTable, stream: DeclaredStream) -> DeclaredEvent:
    """Return what one [[event]] declares. Raises DeclarationError."""
    kind = _kind(table, stream)
    with_data, as_json = _data_forms(table, stream)
    scopes = _scopes(table)
    used = {key: _scope_names(table, key, scopes) for key in SCOPE_KEYS}
    once = table.flag("once")
    if once and not used["opens"]:
        raise table.error("once", "'event.once' says how something is opened: it needs 'opens'")
    joined = (JOINED, *(f"{JOINED}:{name}" for name in scopes if name not in ("", ALL_SCOPES)))
    echoed = ("$prompt", "$model", *(f"${name}" for name in UUIDS))
    for key, known in (("equal", joined), ("echo", echoed)):
        for pointer, word in table.words(key).items():
            table.check_pointer(key, pointer)
            if word not in known:
                shown = " or ".join(map(repr, known))
                message = f"'event.{key}' of {pointer!r} must be {shown}, not {word!r}"
                raise table.error(key, message, pointer)
    text = table.pointer("text") if "text" in table else None
    if text is None:
        for key in ("replace", "text_optional", "text_unless"):
            if key in table:
                raise table.error(key, f"'event.{key}' says how 'text' is read: it needs 'text'")
    if not as_json:
        _check_plain(table, text)
    return DeclaredEvent(
        kind=kind,
        when=table.conditions("when"),
        text=text,
        replace=table.flag("replace"),
        text_optional=table.flag("text_optional"),
        text_unless={
            name if name.startswith("/") else f"/{name}": wanted
            for name, wanted in table.table("text_unless").items()
        },
        require=table.types("require"),
        optional=table.types("optional"),
        values=_values(table),
        states=table.words("states"),
        scopes=scopes,
        once=once,
        leaves_open=_leaves_open(table, scopes),
        complete_when=table.conditions("complete_when"),
        failed_when=table.conditions("failed_when"),
        equal=table.words("equal"),
        echo=table.words("echo"),
        json=as_json,
        data=with_data,
        line=table.line_of(),
        **used,
    )


def _data_forms(table: CheckedTable, stream: DeclaredStream) -> tuple[bool, bool]:
    """Return whether an event has data, and whether that is JSON."""
    with_data = table.flag("data", default=True)
    as_json = table.flag("json", default=with_data)
    by_name = stream.kind == "event"
    if not with_data and (as_json or not by_name):
        why = "'json = true' contradicts it" if as_json else "it needs kind = 'event' in [stream]"
        raise table.error("data", f"'data = false' is for events that are a name alone: {why}")
    if not as_json and not by_name:
        raise table.error("json", "'json = false' needs kind = \"event\" in [stream]")
    return with_data, as_json


def _scopes(table: CheckedTable) -> dict[str, tuple[str, ...]]:
    """Return the scopes of an event; one without a name is named by its pointers."""
    value = table.values.get("scope")
    if value is None:
        return {}
    if not isinstance(value, dict):
        pointers = table.pointers("scope", stars=False)
        if not pointers or "" in pointers:
            raise table.wrong("scope", "a JSON pointer, or an array of them")
        return {" ".join(pointers): pointers}
    if not value:
        raise table.error("scope", "'event.scope' needs a name, as in { part = \"/id\" }")
    inner = table.inner("scope", value)
    for name in value:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            message = f"{name!r} is no name of a scope: write letters, digits, - and _"
            raise table.error("scope", message, name)
    return {name: inner.pointers(name, stars=False) for name in value}


def _scope_names(
    table: CheckedTable, key: str, scopes: Mapping[str, tuple[str, ...]]
) -> frozenset[str]:
    """Return which of an event's scopes a key is about: all, or those that it names."""
    value = table.values.get(key, False)
    if value is False:
        return frozenset()
    if not scopes:
        raise table.error(key, f"an [[event]] with '{key}' needs 'scope'")
    if value is True:
        return frozenset(scopes)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names:
        raise table.wrong(key, "true, or names of scopes")
    for name in names:
        if name not in scopes:
            shown = f"'event.{key}' has {name!r}, which is no scope of this [[event]]"
            raise table.error(key, f"{shown}; {nearest(str(name), scopes)}")
    return frozenset(names)


def _leaves_open(table: CheckedTable, scopes: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the scopes that need not be closed: of `true` the event's own, or all."""
    value = table.values.get("leaves_open", False)
    if isinstance(value, bool):
        return frozenset(scopes or {ALL_SCOPES: ()}) if value else frozenset()
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise table.wrong("leaves_open", "true, or names of scopes")
    return frozenset(names)


def _values(table: CheckedTable) -> dict[str, tuple[Any, ...]]:
    """Return which values may stand where."""
    found = {}
    for pointer, listed in table.table("values").items():
        table.check_pointer("values", pointer)
        if not isinstance(listed, list) or not listed:
            message = f"'event.values' of {pointer!r} must be an array of literals"
            raise table.error("values", message, pointer)
        if any(isinstance(each, dict | list) for each in listed):
            message = f"'event.values' of {pointer!r} must have literals alone"
            raise table.error("values", message, pointer)
        found[pointer] = tuple(listed)
    return found


def _kind(table: CheckedTable, stream: DeclaredStream) -> str:
    value = table.values.get("kind", "")
    kind = kind_word(value)
    if kind is None:
        raise table.wrong("kind", "a string")
    if not kind and stream.kind:
        hint = f"; 'kind = \"{NO_KIND}\"' is for events without one" if stream.by_pointer else ""
        raise table.error("", "this [[event]] needs 'kind'" + hint)
    if kind and not stream.kind:
        message = "this [[event]] has 'kind', and [stream] does not say where a kind stands"
        hint = 'add kind = "event" for the names of events, or a pointer such as "/type"'
        raise table.error("kind", f"{message}; {hint}")
    return kind


def _check_plain(table: CheckedTable, text: str | None) -> None:
    """Raise DeclarationError where an event whose data is not JSON has members."""
    keys = ("when", "require", "scope", "complete_when", "failed_when", "equal", "echo")
    for key in (*keys, "optional", "values"):
        if key in table:
            raise table.error(key, f"'event.{key}' looks into JSON, and 'json' is false")
    if text:
        raise table.error("text", 'the text of an event that is not JSON is "", the whole data')
