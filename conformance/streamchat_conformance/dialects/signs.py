"""Signs: what shows which family of endpoints an answer is from, declared in TOML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Any

from streamchat_conformance.dialects.sighting import Sighting

SHOWN = 4
"""How many values a line of evidence shows."""

_ABSENT = object()
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "array": list,
    "object": dict,
    "boolean": bool,
}


class Grade(IntEnum):
    """How much a sign proves."""

    WEAK = 1
    """Many others write it, too."""
    LIKELY = 2
    """Few others write it."""
    SURE = 3
    """Nobody else writes it."""


class SignatureError(ValueError):
    """A signature that is not written as it must be; the message says where."""


def at(value: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer (RFC 6901), or a value that equals nothing."""
    for part in pointer.split("/")[1:]:
        if isinstance(value, dict):
            value = value.get(part.replace("~1", "/").replace("~0", "~"), _ABSENT)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _ABSENT
    return value


@dataclass(frozen=True, slots=True)
class Shape:
    """What a JSON object has to be like."""

    has: tuple[str, ...] = ()
    """Pointers to what must be there."""
    lacks: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pointers to strings, each with the globs of which one must match."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Pointers to values, each with the kind that it must have."""

    def fits(self, value: Mapping[str, Any]) -> bool:
        """Return whether an object is like this."""
        return (
            all(at(value, pointer) is not _ABSENT for pointer in self.has)
            and all(at(value, pointer) is _ABSENT for pointer in self.lacks)
            and all(isinstance(at(value, key), _KINDS[kind]) for key, kind in self.kinds.items())
            and all(_matches(at(value, key), globs) for key, globs in self.values.items())
        )

    def shown(self, value: Mapping[str, Any]) -> str:
        """Return what of an object that fits shows it."""
        said = [f"{_name(pointer)} {_quoted(at(value, pointer))}" for pointer in self.values]
        members = [_name(pointer) for pointer in (*self.has, *self.kinds)]
        return ", ".join([*said, *(_listed("the member", members) if members else ())])

    @classmethod
    def of(cls, table: Any, where: str) -> Shape:
        """Read a shape. Raises SignatureError."""
        known = {"has", "lacks", "values", "kinds"}
        if not isinstance(table, dict) or not table or set(table) - known:
            raise SignatureError(f"{where}: a table of {', '.join(sorted(known))}")
        shape = cls(
            has=tuple(table.get("has", ())),
            lacks=tuple(table.get("lacks", ())),
            values={key: tuple(globs) for key, globs in table.get("values", {}).items()},
            kinds=dict(table.get("kinds", {})),
        )
        if unknown := set(shape.kinds.values()) - set(_KINDS):
            raise SignatureError(f"{where}: the kind {min(unknown)!r} is unknown")
        return shape


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that a family of endpoints writes. One of the members after `grade` is set."""

    grade: Grade
    events: tuple[str, ...] = ()
    """Globs of events' names."""
    answer: Shape | None = None
    """A JSON object of the answer."""
    request: Shape | None = None
    """The request's JSON object."""
    answer_field: Mapping[str, str] = field(default_factory=dict)
    """Field lines of the answer, by name, each with a glob of its value."""
    request_field: Mapping[str, str] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    """Media types of the answer."""
    data: tuple[str, ...] = ()
    """Data of events that is not JSON."""
    line: re.Pattern[str] | None = None
    """How a line of the answer begins."""

    def seen(self, sighting: Sighting) -> str:
        """Return in what a sighting shows this sign, in a few words; empty where it does not."""
        return next(self._seen(sighting), "")

    def _seen(self, sighting: Sighting) -> Iterator[str]:
        names = [name for name in sighting.event_names if _matches(name, self.events)]
        if names:
            yield _listed("an event named", [_quoted(name) for name in names])[0]
        if self.answer is not None:
            fits = [value for value in sighting.values if self.answer.fits(value)]
            shown = list(dict.fromkeys(self.answer.shown(value) for value in fits))
            if shown:
                # What comes first may be all that ever comes of a refusal, or of a cut stream.
                yield f"the answer has {'; '.join(shown[:SHOWN])}"
        if self.request is not None and self.request.fits(sighting.request):
            yield f"the request has {self.request.shown(sighting.request)}"
        yield from _field_lines("the answer", self.answer_field, sighting.fields)
        yield from _field_lines("the request", self.request_field, sighting.request_fields)
        if sighting.media_type in self.media:
            yield f"the media type is {sighting.media_type}"
        if said := [data for data in self.data if data in sighting.data]:
            yield f"an event's data is {said[0]}"
        if self.line is not None and (lines := list(filter(self.line.match, sighting.lines))):
            yield f"a line of the answer begins with {_quoted(lines[0][:12])}"

    @classmethod
    def of(cls, table: Mapping[str, Any], where: str) -> Sign:
        """Read a sign. Raises SignatureError."""
        content = {name: value for name, value in table.items() if name != "grade"}
        if len(content) != 1 or not isinstance(table.get("grade"), str):
            raise SignatureError(f"{where}: a sign has a grade, and one more member")
        try:
            grade = Grade[table["grade"].upper()]
        except KeyError:
            raise SignatureError(f"{where}: the grade {table['grade']!r} is unknown") from None
        ((name, value),) = content.items()
        read: dict[str, Any] = {}
        if name in ("answer", "request"):
            read[name] = Shape.of(value, where)
        elif name in ("answer_field", "request_field"):
            read[name] = {key.lower(): glob for key, glob in value.items()}
        elif name in ("events", "media", "data"):
            read[name] = tuple(value)
        elif name == "line":
            read[name] = re.compile(value)
        else:
            raise SignatureError(f"{where}: a sign has no member {name!r}")
        return cls(grade, **read)


def _field_lines(
    whose: str, wanted: Mapping[str, str], fields: Sequence[tuple[str, str]]
) -> Iterator[str]:
    for name, value in fields:
        if fnmatchcase(value.lower(), wanted.get(name.lower(), "\0")):
            yield f"{whose} has the field {name.lower()}"


def _matches(value: Any, globs: Iterable[str]) -> bool:
    return isinstance(value, str) and any(fnmatchcase(value, glob) for glob in globs)


def _name(pointer: str) -> str:
    return pointer.removeprefix("/").replace("/", ".")


def _quoted(value: Any) -> str:
    text = str(value)
    return f'"{text if len(text) <= 60 else text[:59] + "…"}"'


def _listed(what: str, names: Sequence[str]) -> list[str]:
    """Return a list of names as the only item of a list."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    plural = what.replace("an event", "events") + ("s" if what == "the member" else "")
    return [f"{what if len(names) == 1 else plural} {', '.join(names[:SHOWN])}{more}"]
