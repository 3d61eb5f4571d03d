"""A declaration, read from a TOML file and validated."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamchat_conformance.core.fields import is_token
from streamchat_conformance.dialects.declared.checked_tables import CheckedTable, DeclarationError
from streamchat_conformance.dialects.declared.declaration import (
    Authorization,
    Declaration,
    DeclaredRefusal,
    DeclaredRequestForm,
    DeclaredStream,
    EventKind,
    SentinelLevel,
    UnknownMembers,
)
from streamchat_conformance.dialects.declared.templates import placeholders_in

TABLES = ("dialect", "request", "refusal", "stream", "event", "capabilities", "levels", "auth")
_NAME = re.compile(r"[a-z]{2,30}")
_LEVELS = {"off": "off", "I": "I", "S": "S", "may": "I", "should": "S"}
_REQUEST = (
    *("template", "history_item", "roles", "required", "optional", "unknown_members"),
    *("prompt_in_history", "history", "continue", "prompt", "model"),
)
_EVENT = (
    *("kind", "when", "text", "replace", "text_optional", "text_unless", "require", "states"),
    *("scope", "opens", "needs", "closes", "complete_when", "failed_when", "equal", "echo"),
    "json",
)
_STREAM = (
    *("kind", "start", "sentinel", "keepalive", "unknown", "complete", "counter", "same"),
    "unique",
)


class DeclarationReader:
    """Reads one file; every mistake is a DeclarationError with its line."""

    def __init__(self, file: Path, text: str) -> None:
        self._file, self._source = str(file), text
        try:
            self._document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            match = re.search(r"line (\d+)", str(error))
            line = match[1] if match else "1"
            raise DeclarationError(f"{file}:{line}: not TOML: {error}") from None
        self._root = self._table("", self._document, TABLES)

    def _table(self, name: str, values: Any, known: Any, index: int = 0) -> CheckedTable:
        return CheckedTable(self._file, self._source, name, values, known, index)

    def _named(self, name: str, known: Any) -> CheckedTable:
        return self._table(name, self._document.get(name, {}), known)

    def read(self, taken: frozenset[str]) -> Declaration:
        """Return what the file declares. `taken` are names that no dialect may have."""
        own = self._named("dialect", ("name", "path", "title"))
        for key in ("name", "path"):
            if key not in own:
                raise own.error("", f"[dialect] needs '{key}'")
        name, path = own.text("name"), own.text("path")
        if not _NAME.fullmatch(name):
            raise own.error("name", f"'dialect.name' {name!r} must be 2 to 30 letters a to z")
        if name in taken:
            raise own.error("name", f"'dialect.name' {name!r} is taken: requirements begin with it")
        if not re.fullmatch(r"/[!-~]*", path):
            raise own.error("path", f"'dialect.path' {path!r} must begin with / and have no spaces")
        stream = self._stream()
        capabilities, triggers = self._capabilities()
        return Declaration(
            name=name,
            path=path,
            file=self._file,
            title=own.text("title"),
            request=self._request(),
            refusal=self._refusal() if "refusal" in self._root else None,
            stream=stream,
            events=self._events(stream),
            levels=self._levels(),
            capabilities=capabilities,
            triggers=triggers,
            authorization=self._authorization() if "auth" in self._root else None,
        )

    def _json(self, table: CheckedTable, key: str) -> Any:
        text = table.text(key)
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise table.error(
                key, f"'request.{key}' is not JSON: {error.msg} at character {error.pos + 1}"
            ) from None

    def _request(self) -> DeclaredRequestForm:
        table = self._named("request", _REQUEST)
        if "template" not in table:
            raise table.error("", "[request] needs 'template', the JSON of a request")
        template = self._json(table, "template")
        if not isinstance(template, dict):
            raise table.error("template", "'request.template' must be a JSON object")
        inside = placeholders_in(template)
        turns_in_history = table.flag("prompt_in_history")
        history = table.choice(
            "history", ("none", "body", "server"), "body" if "history" in inside else "none"
        )
        if "history" in inside and "history_item" not in table:
            raise table.error("", "[request] needs 'history_item': its template has \"$history\"")
        if turns_in_history and "history" not in inside:
            raise table.error("prompt_in_history", "'prompt_in_history' needs \"$history\"")
        if not turns_in_history and "prompt" not in inside:
            raise table.error("template", "'request.template' has no place for \"$prompt\"")
        item = self._json(table, "history_item") if "history_item" in table else None
        if item is not None and "text" not in placeholders_in(item):
            raise table.error("history_item", "'request.history_item' has no place for \"$text\"")
        return self._form(table, template, item, history)

    def _form(
        self, table: CheckedTable, template: Any, item: Any, history: str
    ) -> DeclaredRequestForm:
        roles = table.table("roles") or {"user": "user"}
        if not all(isinstance(word, str) for word in roles.values()):
            raise table.wrong("roles", "a table of strings")
        go_on = table.table("continue")
        for key in go_on:
            if key not in ("set", "from"):
                raise table.error("continue", f"'continue' has {key!r}; known are from, set")
            if not isinstance(go_on[key], str):
                raise table.error("continue", f"'continue.{key}' must be a JSON pointer")
            table.check_pointer("continue", go_on[key], stars=False)
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
            continue_set=go_on.get("set", ""),
            continue_from=go_on.get("from", ""),
            prompt=table.text("prompt", "Hello"),
            model=table.text("model"),
        )

    def _refusal(self) -> DeclaredRefusal:
        table = self._named("refusal", ("status", "media_type", "require"))
        status = table.values.get("status", "4xx")
        listed = status if isinstance(status, list) else [status]
        numbers = [each for each in listed if type(each) is int and 400 <= each < 500]
        if status != "4xx" and (len(numbers) != len(listed) or not numbers):
            raise table.wrong("status", '"4xx", or numbers from 400 to 499')
        return DeclaredRefusal(
            tuple(numbers), table.text("media_type").lower(), table.types("require")
        )

    def _stream(self) -> DeclaredStream:
        table = self._named("stream", _STREAM)
        kind = table.text("kind")
        if kind and kind != "event":
            table.check_pointer("kind", kind, stars=False)
        sentinel = table.table("sentinel")
        for key in sentinel:
            if key not in ("data", "level"):
                raise table.error("sentinel", f"'sentinel' has {key!r}; known are data, level")
        data, level = sentinel.get("data", ""), sentinel.get("level", "may")
        if sentinel and (not isinstance(data, str) or not data):
            raise table.error("sentinel", "'sentinel' needs 'data', the text that ends a stream")
        if level not in list(SentinelLevel):
            known = ", ".join(SentinelLevel)
            raise table.error(
                "sentinel", f"'sentinel.level' {level!r} is unknown; known are {known}"
            )
        names = set()
        for word in table.texts("keepalive"):
            how, _, name = word.partition(":")
            if word != "comment" and (how not in ("event", "sse-event") or not name):
                raise table.error(
                    "keepalive", f"'keepalive' has {word!r}; write 'comment' or 'sse-event:NAME'"
                )
            names |= {name} - {""}
        if "complete" in table:
            table.choice("complete", ("eof",), "eof")
        return DeclaredStream(
            kind=kind,
            start=table.text("start", "open"),
            sentinel=data,
            sentinel_level=SentinelLevel(level),
            keepalive_names=frozenset(names),
            unknown_red=table.choice("unknown", ("ignore", "red"), "ignore") == "red",
            complete_at_eof="complete" in table,
            counter=table.pointer("counter", stars=False),
            same=table.pointers("same"),
            unique=table.pointers("unique"),
        )

    def _events(self, stream: DeclaredStream) -> tuple[EventKind, ...]:
        listed = self._document.get("event", [])
        if not isinstance(listed, list):
            raise self._root.error("event", "write each event as [[event]], with two brackets")
        return tuple(
            self._event(self._table("event", values, _EVENT, number), stream)
            for number, values in enumerate(listed)
        )

    def _event(self, table: CheckedTable, stream: DeclaredStream) -> EventKind:
        kind = table.text("kind")
        if bool(kind) != bool(stream.kind):
            why = "needs 'kind'" if stream.kind else "has 'kind', and [stream] says no 'kind'"
            raise table.error("kind", f"[[event]] {why}")
        as_json = table.flag("json", default=True)
        if not as_json and stream.kind != "event":
            raise table.error("json", "'json = false' needs kind = \"event\" in [stream]")
        states = table.table("states")
        if not all(isinstance(state, str) for state in states.values()):
            raise table.wrong("states", "a table of strings")
        flags = {key: table.flag(key) for key in ("opens", "needs", "closes")}
        scope = table.pointer("scope", stars=False)
        if any(flags.values()) and not scope:
            raise table.error("", "[[event]] that opens, needs or closes something needs 'scope'")
        equal, echo = table.table("equal"), table.table("echo")
        for key, known, values in (
            ("equal", ("joined",), equal),
            ("echo", ("$prompt", "$model"), echo),
        ):
            for pointer, word in values.items():
                table.check_pointer(key, pointer)
                if word not in known:
                    shown = ", ".join(known)
                    raise table.error(key, f"'{key}' has {word!r}; known are {shown}")
        return EventKind(
            kind=kind,
            when=table.conditions("when"),
            text=table.pointer("text"),
            replace=table.flag("replace"),
            text_optional=table.flag("text_optional"),
            text_unless={
                name if name.startswith("/") else f"/{name}": wanted
                for name, wanted in table.table("text_unless").items()
            },
            require=table.types("require"),
            states=states,
            scope=scope,
            complete_when=table.conditions("complete_when"),
            failed_when=table.conditions("failed_when"),
            equal=tuple(equal),
            echo=echo,
            json=as_json,
            **flags,
        )

    def _capabilities(self) -> tuple[dict[str, bool], dict[str, Mapping[str, Any]]]:
        table = self._named("capabilities", ("finite", "fault", "slow"))
        given = {"finite": table.flag("finite")} if "finite" in table else {}
        triggers: dict[str, Mapping[str, Any]] = {}
        for name in ("fault", "slow"):
            if name not in table:
                continue
            values = table.table(name)
            known = ("prompt", "silence") if name == "slow" else ("prompt",)
            for key in values:
                if key not in known:
                    raise table.error(name, f"'{name}' has {key!r}; known are {', '.join(known)}")
            silence = values.get("silence", 0)
            if not isinstance(values.get("prompt"), str):
                raise table.error(name, f"'{name}' needs 'prompt', the text that shows it")
            if name == "slow" and (type(silence) not in (int, float) or silence <= 0):
                raise table.error(name, "'slow' needs 'silence', in seconds")
            extra = {"silent_s": silence} if name == "slow" else {}
            triggers[name] = {"prompt": values["prompt"], **extra}
            given[name] = True
        return given, triggers

    def _levels(self) -> dict[str, str]:
        values = self._document.get("levels", {})
        table = self._table("levels", values, values if isinstance(values, dict) else ())
        for id_ in values:
            table.choice(id_, list(_LEVELS), "off")
        return {id_: _LEVELS[word] for id_, word in values.items()}

    def _authorization(self) -> Authorization:
        table = self._named("auth", ("header", "prefix", "env"))
        if "env" not in table:
            raise table.error("", "[auth] needs 'env', the environment variable that has the key")
        header = table.text("header", "Authorization")
        if not is_token(header):
            raise table.wrong("header", "the name of a header")
        return Authorization(header, table.text("prefix"), table.text("env"))

    def level_error(self, id_: str, message: str) -> DeclarationError:
        """Return an error about a key of [levels]."""
        table = self._table("levels", self._document["levels"], self._document["levels"])
        return table.error(id_, message)


def read_declaration(file: Path, taken: frozenset[str] = frozenset()) -> Declaration:
    """Return what a file declares. Raises DeclarationError, in one line."""
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise DeclarationError(f"{file}:1: not TOML: it is not UTF-8") from None
    except OSError as error:
        raise DeclarationError(f"{file}: cannot be read ({error.strerror})") from None
    return DeclarationReader(file, text).read(taken)
