"""Tables of a declaration, checked: a mistake is one line with its place and what is right."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from streamchat_conformance.dialects.declared.declaration import Types
from streamchat_conformance.dialects.declared.pointers import TYPES, tokens_of
from streamchat_conformance.dialects.declared.toml_places import line_of


class DeclarationError(ValueError):
    """A declaration is wrong; the message has the file, the line and what would be right."""


class CheckedTable:
    """One table of the file, read key by key."""

    def __init__(
        self, file: str, text: str, name: str, values: Any, known: Collection[str], index: int = 0
    ) -> None:
        self._file, self._text, self._name, self._index = file, text, name, index
        if not isinstance(values, dict):
            raise self.error("", f"[{name}] must be a table")
        self.values: Mapping[str, Any] = values
        for key in values:
            if key not in known:
                raise self.unknown(key, known)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def error(self, key: str, message: str) -> DeclarationError:
        """Return an error about a key, with its place."""
        line = line_of(self._text, self._name, key, index=self._index)
        return DeclarationError(f"{self._file}:{line}: {message}")

    def unknown(self, key: str, known: Collection[str]) -> DeclarationError:
        """Return the error about a word that is none of those known, naming the nearest."""
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
        place = f"[{self._name}] " if self._name else ""
        return self.error(key, f"{place}{key!r} is unknown; {hint}")

    def wrong(self, key: str, wanted: str) -> DeclarationError:
        """Return the error about a value of another type."""
        place = f"{self._name}.{key}" if self._name else key
        return self.error(key, f"'{place}' must be {wanted}, not {self.values[key]!r}")

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
            near = difflib.get_close_matches(value, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise self.wrong(key, "one of " + ", ".join(known) + hint)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an array of strings."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(key, "an array of strings")
        return tuple(value)

    def table(self, key: str) -> Mapping[str, Any]:
        """Return an inner table."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "a table, written { … }")
        return value

    def pointer(self, key: str, *, stars: bool = True) -> str:
        """Return a JSON pointer."""
        value = self.text(key)
        self.check_pointer(key, value, stars=stars)
        return value

    def pointers(self, key: str) -> tuple[str, ...]:
        """Return an array of JSON pointers."""
        values = self.texts(key)
        for value in values:
            self.check_pointer(key, value)
        return values

    def check_pointer(self, key: str, value: str, *, stars: bool = True) -> None:
        """Raise DeclarationError for text that is no JSON pointer."""
        try:
            tokens = tokens_of(value)
        except ValueError:
            raise self.error(
                key, f"{value!r} is no JSON pointer; did you mean {'/' + value!r}?"
            ) from None
        if not stars and "*" in tokens:
            raise self.error(key, f"{value!r}: '*' may not stand here")

    def conditions(self, key: str) -> Mapping[str, Any]:
        """Return a table of pointers and literals."""
        values = self.table(key)
        for pointer, wanted in values.items():
            self.check_pointer(key, pointer)
            if isinstance(wanted, dict | list):
                raise self.error(key, f"'{key}' of {pointer!r} must be a literal, not {wanted!r}")
        return values

    def types(self, key: str, *, stars: bool = True) -> Types:
        """Return a table of pointers and types."""
        found = {}
        for pointer, names in self.table(key).items():
            self.check_pointer(key, pointer, stars=stars)
            listed = names if isinstance(names, list) else [names]
            for name in listed:
                if not isinstance(name, str) or name not in TYPES:
                    near = difflib.get_close_matches(str(name), TYPES, n=1)
                    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(TYPES)}"
                    raise self.error(key, f"type {name!r} of {pointer!r} is unknown; {hint}")
            found[pointer] = tuple(listed)
        return found
