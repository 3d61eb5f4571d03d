"""A declaration, read from a TOML file and validated."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from streamchat_conformance.core.fields import is_token
from streamchat_conformance.core.toml_text import NotTomlError, read_toml
from streamchat_conformance.dialects.declared.checked_tables import CheckedTable, DeclarationError
from streamchat_conformance.dialects.declared.consistency import check_consistency
from streamchat_conformance.dialects.declared.declaration import (
    Authorization,
    Declaration,
    DeclaredRefusal,
)
from streamchat_conformance.dialects.declared.levels import WORDS
from streamchat_conformance.dialects.declared.reading_requests import REQUEST_KEYS, request_form
from streamchat_conformance.dialects.declared.reading_streams import (
    EVENT_KEYS,
    STREAM_KEYS,
    event_kind,
    stream_form,
)

TABLES = (
    *("dialect", "request", "refusal", "stream", "event", "capabilities", "levels", "auth"),
    "headers",
)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_VALUE = re.compile(r"[\t -~]*")
_WRITTEN_BY_SUITE = frozenset({"host", "content-length", "transfer-encoding", "content-type"})
_LARGEST_BYTES = 1024 * 1024


def name_problem(name: str) -> str:
    """Return why no dialect can have a name; empty for one that it can."""
    if _NAME.fullmatch(name):
        return ""
    return f"{name[:60]!r} must be lower-case letters, digits, - and _, and begin with a letter"


class DeclarationReader:
    """Reads one file; every mistake is a DeclarationError with its line."""

    def __init__(self, file: Path, text: str) -> None:
        self._file, self._source = str(file), text
        try:
            self._document = read_toml(text)
        except NotTomlError as error:
            line, what = error.line, error.reason
            place = f", column {error.column}" if error.column is not None else ""
            single = re.search(r"(?m)^[ \t]*\[[ \t]*event[ \t]*\]", text)
            if single is not None:
                line = text[: single.start()].count("\n") + 1
                what, place = "write each event as [[event]], with two brackets", ""
            raise DeclarationError(f"{file}:{line}: not TOML{place}: {what}") from None
        self._root = self._table("", self._document, TABLES)

    def _table(
        self, name: str, values: Any, known: Collection[str], index: int = 0
    ) -> CheckedTable:
        return CheckedTable(self._file, self._source, name, values, known, index)

    def _named(self, name: str, known: Collection[str]) -> CheckedTable:
        return self._table(name, self._document.get(name, {}), known)

    def read(self, taken: frozenset[str]) -> Declaration:
        """Return what the file declares. `taken` are names that no dialect may have.

        Raises DeclarationError, with the line of the first mistake.
        """
        own = self._named("dialect", ("name", "path", "title"))
        for key in ("name", "path"):
            if key not in own:
                raise own.error("", f"[dialect] needs '{key}'")
        name, path = own.text("name"), own.text("path")
        if problem := name_problem(name):
            raise own.error("name", f"'dialect.name' {problem}")
        if name in taken:
            raise own.error("name", f"'dialect.name' {name!r} is taken: choose another name")
        if not re.fullmatch(r"/[!-~]*", path):
            raise own.error(
                "path", f"'dialect.path' {path[:200]!r} must begin with / and have no spaces"
            )
        if "#" in path:
            raise own.error(
                "path", f"'dialect.path' {path[:200]!r}: leave out '#' and what follows"
            )
        own.check_placeholders("path", path, ("model", "uuid"))
        stream = stream_form(self._named("stream", STREAM_KEYS))
        capabilities, triggers = self._capabilities()
        tables = self._event_tables()
        levels = self._levels()
        declaration = Declaration(
            name=name,
            path=path,
            file=self._file,
            title=own.text("title"),
            request=request_form(self._named("request", REQUEST_KEYS)),
            refusal=self._refusal() if "refusal" in self._root else None,
            stream=stream,
            events=tuple(event_kind(table, stream) for table in tables),
            levels={id_: WORDS[word] for id_, (word, _) in levels.items()},
            level_lines={id_: line for id_, (_, line) in levels.items()},
            headers=self._headers(),
            capabilities=capabilities,
            triggers=triggers,
            authorization=self._authorization() if "auth" in self._root else None,
        )
        check_consistency(declaration, self._named("request", REQUEST_KEYS), tables)
        return declaration

    def _event_tables(self) -> list[CheckedTable]:
        listed = self._document.get("event", [])
        if not isinstance(listed, list):
            raise self._root.error("event", "write each event as [[event]], with two brackets")
        return [
            self._table("event", values, EVENT_KEYS, number) for number, values in enumerate(listed)
        ]

    def _refusal(self) -> DeclaredRefusal:
        table = self._named("refusal", ("status", "media_type", "require"))
        status = table.values.get("status", "4xx")
        listed = status if isinstance(status, list) else [status]
        numbers = [each for each in listed if type(each) is int and 400 <= each < 500]
        if status != "4xx" and (len(numbers) != len(listed) or not numbers):
            raise table.wrong("status", '"4xx", or numbers from 400 to 499')
        media_type = table.text("media_type").lower()
        if media_type and not re.fullmatch(r"[!-~]+/[!-~]+", media_type.partition(";")[0]):
            raise table.wrong("media_type", "a media type, such as application/json")
        essence = media_type.partition(";")[0].strip()
        return DeclaredRefusal(tuple(numbers), essence, table.types("require"))

    def _capabilities(self) -> tuple[dict[str, bool], dict[str, Mapping[str, Any]]]:
        table = self._named("capabilities", ("finite", "fault", "slow"))
        given = {"finite": table.flag("finite")} if "finite" in table else {}
        triggers: dict[str, Mapping[str, Any]] = {}
        for name, known in (("fault", ("prompt",)), ("slow", ("prompt", "silence"))):
            if name not in table:
                continue
            if table.values[name] is False:
                given[name] = False
                continue
            inner = table.inner(name, known)
            if "prompt" not in inner:
                raise table.error(name, f"'{name}' needs 'prompt', the text that shows it")
            prompt = inner.text("prompt")
            silence = inner.values.get("silence", 0)
            if name == "slow" and (type(silence) not in (int, float) or not 0 < silence < 86_400):
                raise table.error(name, "'slow' needs 'silence', in seconds", "silence")
            triggers[name] = {"prompt": prompt, **({"silent_s": silence} if silence else {})}
            given[name] = True
        return given, triggers

    def _levels(self) -> dict[str, tuple[str, int]]:
        """Return the levels that the file changes, and the line of each, by requirement id."""
        values = self._document.get("levels", {})
        known = values if isinstance(values, dict) else ()
        table = self._table("levels", values, known)
        levels = {}
        for id_, value in table.values.items():
            if not isinstance(value, dict):
                levels[id_] = (table.choice(id_, list(WORDS), "off"), table.line_of(id_))
                continue
            # An id without quotation marks: TOML reads its point as that of an inner table.
            inner = table.inner(id_, value)
            for rest in value:
                word = inner.choice(rest, list(WORDS), "off")
                levels[f"{id_}.{rest}"] = (word, inner.line_of(rest))
        return levels

    def _headers(self) -> tuple[tuple[str, str], ...]:
        values = self._document.get("headers", {})
        table = self._table("headers", values, values if isinstance(values, dict) else ())
        for name in table.values:
            value = table.text(name)
            if not is_token(name) or name.lower() in _WRITTEN_BY_SUITE:
                raise table.error(name, f"{name!r} in [headers] is no header that a file may set")
            if not _VALUE.fullmatch(value):
                raise table.error(name, f"the value of {name!r} in [headers] must be ASCII text")
        return tuple(table.values.items())

    def _authorization(self) -> Authorization:
        table = self._named("auth", ("header", "prefix", "query", "env"))
        if "env" not in table:
            raise table.error("", "[auth] needs 'env', the environment variable that has the key")
        header, prefix, variable, parameter = (
            table.text("header", "Authorization"),
            table.text("prefix"),
            table.text("env"),
            table.text("query"),
        )
        if "query" in table:
            for key in ("header", "prefix"):
                if key in table:
                    raise table.error(key, f"[auth] has 'query': leave out '{key}'")
            if not is_token(parameter):
                raise table.wrong("query", "the name of a query parameter")
        if not is_token(header) or header.lower() in _WRITTEN_BY_SUITE:
            raise table.wrong("header", "the name of a header")
        if not _VALUE.fullmatch(prefix):
            raise table.wrong("prefix", "ASCII text on one line")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
            # It may be the key itself: no message repeats it.
            raise table.error("env", "'auth.env' must be the name of an environment variable")
        return Authorization(header, prefix, variable, parameter)


def read_declaration(file: Path, taken: frozenset[str] = frozenset()) -> Declaration:
    """Return what a file declares. Raises DeclarationError, in one line."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DeclarationError(f"{file}: cannot be read ({why})") from None
    if len(data) > _LARGEST_BYTES:
        raise DeclarationError(f"{file}:1: it is larger than a declaration may be (1 MiB)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DeclarationError(f"{file}:{line}: not TOML: it is not UTF-8") from None
    return DeclarationReader(file, text.replace("\r\n", "\n")).read(taken)
