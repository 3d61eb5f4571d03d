"""Tables of a declaration, checked: a mistake is one line with its place and what is right."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from streamchat_conformance.core.nearest import did_you_mean, nearest, nearest_of
from streamchat_conformance.dialects.declared.declaration import Types
from streamchat_conformance.dialects.declared.pointers import TYPES, tokens_of
from streamchat_conformance.dialects.declared.templates import PLACEHOLDER_NAMES
from streamchat_conformance.dialects.declared.toml_places import line_of
from streamchat_conformance.dialects.registry import UnknownDialectError

_WORD = re.compile(r"\$([A-Za-z_]\w*)")


class DeclarationError(UnknownDialectError):
    """A declaration is wrong; the message has the file, the line and what would be right."""


class CheckedTable:
    """One table of the file, read key by key.

    What returns a value of a key raises DeclarationError where that value is another than it
    should be. A key that is absent has the default, or an empty value.
    """

    def __init__(
        self, file: str, text: str, name: str, values: Any, known: Collection[str], index: int = 0
    ) -> None:
        self._file, self._text, self._name, self._index = file, text, name, index
        if not isinstance(values, dict):
            raise self.error("", f"{self._title} must be a table")
        self.values: Mapping[str, Any] = values
        for key in values:
            if key not in known:
                raise self.unknown(key, known)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    @property
    def _title(self) -> str:
        return "[[event]]" if self._name == "event" else f"[{self._name}]"

    def line_of(self, key: str = "") -> int:
        """Return where the table, or a key of it, stands in the file."""
        return line_of(self._text, self._path(key), index=self._index)

    def _path(self, *keys: str) -> list[str]:
        return [*(self._name.split(".") if self._name else []), *filter(None, keys)]

    def error(self, key: str, message: str, inner: str = "") -> DeclarationError:
        """Return an error about a key, or about a key within its value, with its place."""
        line = line_of(self._text, self._path(key, inner), index=self._index)
        return DeclarationError(f"{self._file}:{line}: {message}")

    def unknown(self, key: str, known: Collection[str]) -> DeclarationError:
        """Return the error about a key that is none of those known, naming the nearest."""
        where = f" in {self._title}" if self._name else ""
        what = "key" if self._name else "table"
        return self.error(key, f"the {what} {key!r}{where} is unknown; {nearest(key, known)}")

    def wrong(self, key: str, wanted: str) -> DeclarationError:
        """Return the error about a value of another type."""
        place = f"{self._name}.{key}" if self._name else key
        return self.error(key, f"'{place}' must be {wanted}, not {self.values[key]!r}"[:300])

    def text(self, key: str, default: str = "") -> str:
        """Return a string."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "a string")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def choice(self, key: str, known: Collection[str], default: str) -> str:
        """Return one of several words."""
        value = self.text(key, default)
        if value not in known:
            raise self.error(
                key, f"'{self._name}.{key}' {value!r} is unknown; " + nearest(value, known)
            )
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an array of strings."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(key, "an array of strings")
        return tuple(value)

    def table(self, key: str) -> Mapping[str, Any]:
        """Return an inner table, whatever its keys are."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "a table, written { … }")
        return value

    def inner(self, key: str, known: Collection[str]) -> CheckedTable:
        """Return an inner table whose keys are known."""
        name = f"{self._name}.{key}" if self._name else key
        values = self.table(key)
        return CheckedTable(self._file, self._text, name, values, known, self._index)

    def words(self, key: str) -> Mapping[str, str]:
        """Return an inner table of strings."""
        values = self.table(key)
        for name, value in values.items():
            if not isinstance(value, str):
                raise self.error(
                    key, f"'{self._name}.{key}.{name}' must be a string, not {value!r}", name
                )
        return values

    def pointer(self, key: str, *, stars: bool = True) -> str:
        """Return a JSON pointer."""
        value = self.text(key)
        self.check_pointer(key, value, stars=stars)
        return value

    def pointers(self, key: str, *, stars: bool = True) -> tuple[str, ...]:
        """Return an array of JSON pointers; one may stand without its array."""
        values = self.values.get(key, [])
        values = (values,) if isinstance(values, str) else self.texts(key)
        for value in values:
            self.check_pointer(key, value, stars=stars)
        return values

    def check_pointer(self, key: str, value: str, *, stars: bool = True) -> None:
        """Raise DeclarationError for text that is no JSON pointer."""
        try:
            tokens = tokens_of(value)
        except ValueError:
            hint = "/" + value.removeprefix("$").removeprefix(".").replace(".", "/")
            raise self.error(
                key, f"{value!r} is no JSON pointer; did you mean {hint!r}?", value
            ) from None
        if not stars and "*" in tokens:
            raise self.error(key, f"{value!r}: '*' may not stand here", value)

    def conditions(self, key: str) -> Mapping[str, Any]:
        """Return a table of pointers and literals."""
        values = self.table(key)
        for pointer, wanted in values.items():
            self.check_pointer(key, pointer)
            if isinstance(wanted, dict | list):
                message = f"'{key}' of {pointer!r} must be a literal, not {wanted!r}"[:300]
                raise self.error(key, message, pointer)
        return values

    def types(self, key: str, *, stars: bool = True) -> Types:
        """Return a table of pointers and types."""
        found = {}
        for pointer, names in self.table(key).items():
            self.check_pointer(key, pointer, stars=stars)
            listed = names if isinstance(names, list) else [names]
            if not listed:
                raise self.error(key, f"{pointer!r} needs a type in '{key}'", pointer)
            for name in listed:
                if not isinstance(name, str) or name not in TYPES:
                    hint = nearest(str(name), TYPES)
                    message = f"the type {name!r} of {pointer!r} is unknown; {hint}"
                    raise self.error(key, message, pointer)
            found[pointer] = tuple(listed)
        return found

    def check_placeholders(self, key: str, text: str, known: Collection[str]) -> None:
        """Raise DeclarationError for a placeholder that is known elsewhere, or is misspelt."""
        for word in _WORD.findall(text):
            elsewhere = word in PLACEHOLDER_NAMES
            near = nearest_of(word, PLACEHOLDER_NAMES, cutoff=0.7)
            if word not in known and (elsewhere or near):
                hint = did_you_mean(f"${each}" for each in near if each in known)
                hint = hint or f"known are {', '.join(sorted(f'${each}' for each in known))}"
                raise self.error(key, f"the placeholder '${word}' is unknown here; {hint}")
