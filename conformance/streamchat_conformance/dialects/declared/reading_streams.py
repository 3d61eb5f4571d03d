"""The tables [stream] and [[event]] of a declaration, read."""

from __future__ import annotations

from streamchat_conformance.dialects.declared.checked_tables import CheckedTable
from streamchat_conformance.dialects.declared.declaration import (
    DeclaredEvent,
    DeclaredStream,
    SentinelLevel,
)
from streamchat_conformance.dialects.declared.pointers import kind_word

STREAM_KEYS = (
    *("kind", "start", "sentinel", "keepalive", "unknown", "complete", "counter", "same"),
    "unique",
)
EVENT_KEYS = (
    *("kind", "when", "text", "replace", "text_optional", "text_unless", "require", "states"),
    *("scope", "opens", "needs", "closes", "complete_when", "failed_when", "equal", "echo"),
    "json",
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
    return DeclaredStream(
        kind=kind,
        start=table.text("start", "open"),
        sentinel=data,
        sentinel_level=SentinelLevel(level),
        keepalive_names=frozenset(names),
        keepalive_kinds=frozenset(kinds),
        unknown_red=table.choice("unknown", ("ignore", "red"), "ignore") == "red",
        complete_at_eof="complete" in table,
        counter=table.pointer("counter", stars=False),
        same=table.pointers("same"),
        unique=table.pointers("unique"),
    )


def event_kind(table: CheckedTable, stream: DeclaredStream) -> DeclaredEvent:
    """Return what one [[event]] declares. Raises DeclarationError."""
    kind = _kind(table, stream)
    as_json = table.flag("json", default=True)
    if not as_json and stream.kind != "event":
        raise table.error("json", "'json = false' needs kind = \"event\" in [stream]")
    flags = {key: table.flag(key) for key in ("opens", "needs", "closes")}
    scope = table.pointer("scope", stars=False)
    if any(flags.values()) and not scope:
        raise table.error("", "an [[event]] that opens, needs or closes something needs 'scope'")
    for key, known in (("equal", ("joined",)), ("echo", ("$prompt", "$model"))):
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
        states=table.words("states"),
        scope=scope,
        complete_when=table.conditions("complete_when"),
        failed_when=table.conditions("failed_when"),
        equal=tuple(table.words("equal")),
        echo=table.words("echo"),
        json=as_json,
        line=table.line_of(),
        **flags,
    )


def _kind(table: CheckedTable, stream: DeclaredStream) -> str:
    value = table.values.get("kind", "")
    kind = kind_word(value)
    if kind is None:
        raise table.wrong("kind", "a string")
    if not kind and stream.kind:
        raise table.error("", "this [[event]] needs 'kind'")
    if kind and not stream.kind:
        message = "this [[event]] has 'kind', and [stream] does not say where a kind stands"
        hint = 'add kind = "event" for the names of events, or a pointer such as "/type"'
        raise table.error("kind", f"{message}; {hint}")
    return kind


def _check_plain(table: CheckedTable, text: str | None) -> None:
    """Raise DeclarationError where an event whose data is not JSON has members."""
    for key in ("when", "require", "scope", "complete_when", "failed_when", "equal", "echo"):
        if key in table:
            raise table.error(key, f"'event.{key}' looks into JSON, and 'json' is false")
    if text:
        raise table.error("text", 'the text of an event that is not JSON is "", the whole data')
