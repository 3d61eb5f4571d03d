"""The head of a response: status line and field lines (RFC 9112 §4, §5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.grammar import TOKEN_BYTES

if TYPE_CHECKING:
    from streamchat_conformance.core.deviation import Area, DeviationLog

HEAD_LIMIT_BYTES: Final = 256 * 1024
"""Longest head, and longest trailer section, that is read."""

_SHORT_BYTES: Final = 256
"""Lines up to this length are remembered."""

_SECTION_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(
    rb"(?P<version>HTTP/[0-9]{1,9}(?:\.[0-9]{1,9})?)(?P<before>[ \t]+)(?P<status>[0-9]{1,9})"
    rb"(?:(?P<after>[ \t])(?P<reason>.*))?",
    re.DOTALL | re.IGNORECASE,
)
_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f]")  # not HTAB; CR has its own code
_NAME = re.compile(TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field line; `name` as sent, `value` without white space around it, as ISO-8859-1.

    `raw` is the line without its end; of a folded value, all its lines with the ends between.
    """

    name: str
    value: str
    offset: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status line and field lines of one response, interim or final.

    `offset` and `end_offset` (just after the empty line) count received bytes; `at_s` is when
    the last byte of the head arrived (seconds).
    """

    version: str
    status: int
    reason: bytes
    fields: tuple[FieldLine, ...]
    offset: int
    end_offset: int
    at_s: float

    def values(self, name: str) -> list[str]:
        """Return the values of all field lines of that name, in order; case is ignored."""
        wanted = name.lower()
        return [line.value for line in self.fields if line.name.lower() == wanted]

    def first(self, name: str) -> str | None:
        """Return the first value of that name, or None."""
        return next(iter(self.values(name)), None)

    def combined(self, name: str) -> str | None:
        """Return all values of that name joined by commas (RFC 9110 §5.3), or None."""
        values = self.values(name)
        return ", ".join(values) if values else None


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What a status line says."""

    version: str
    status: int
    reason: bytes


def find_section_end(buffer: bytearray, start: int) -> int | None:
    """Return the offset just after the empty line that ends a section, searching from `start`.

    The line before the empty one must begin the buffer or precede it, so that its LF is seen.
    """
    match = _SECTION_END.search(buffer, max(start, 0))
    return match.end() if match else None


def read_status_line(line: bytes, offset: int, log: DeviationLog) -> StatusLine | None:
    """Read a status line (without its LF); None, with a deviation, when it is not one."""
    content = _without_cr(line, offset, "status-line", log)
    match = _STATUS_LINE.fullmatch(content)
    if match is None:
        log.add("bad-status-line", "status-line", offset, content)
        return None
    version, status, reason = match["version"], match["status"], match["reason"] or b""
    if _VERSION.fullmatch(version) is None:
        log.add("bad-version", "status-line", offset, version)
    elif version[5:6] != b"1":
        log.add("foreign-version", "status-line", offset, version)
    if match["before"] != b" " or match["after"] == b"\t":
        log.add("status-line-whitespace", "status-line", offset + match.start("before"), content)
    if match["after"] is None:
        log.add("status-line-short", "status-line", offset + match.end("status"), content)
    if len(status) != 3:
        log.add("bad-status-code", "status-line", offset + match.start("status"), status)
    elif not 100 <= int(status) <= 599:
        log.add("status-code-range", "status-line", offset + match.start("status"), status)
    if control := _CONTROLS.search(reason):
        place = offset + match.start("reason") + control.start()
        log.add("control-in-reason", "status-line", place, reason)
    return StatusLine(version.decode("ascii"), int(status), reason)


def read_field_lines(section: bytes, offset: int, area: Area, log: DeviationLog) -> list[FieldLine]:
    """Read a section of field lines, each with its LF, including the empty line at its end."""
    pending: list[_Line] = []
    position = offset
    *lines, _after_last = section.split(b"\n")
    for line in lines:
        if (clean := _clean_line(line) if len(line) <= _SHORT_BYTES else None) is not None:
            pending.append(_Line(position, line, clean))
            position += len(line) + 1
            continue
        content = _without_cr(line, position, area, log)
        if content[:1] not in (b" ", b"\t"):
            if content:
                pending.append(_Line(position, line))
        elif pending:
            # A sender must not continue a value on the next line. Read as one space.
            log.add("obs-fold", area, position, content)
            pending[-1].continuation.append(line)
        else:
            log.add("leading-whitespace", area, position, content)
        position += len(line) + 1
    return [read for line in pending if (read := _read_field_line(line, area, log)) is not None]


_CleanLine = tuple[str, str, bytes]
"""Name, value and bytes of a field line that has nothing to note."""


@lru_cache(1024)
def _clean_line(line: bytes) -> _CleanLine | None:
    """Read a field line if it is as a sender has to write it. Servers repeat their lines."""
    content = line.removesuffix(b"\r")
    name, colon, value = content.partition(b":")
    if not colon or len(content) == len(line) or _NAME.fullmatch(name) is None:
        return None
    value = value.strip(b" \t")
    if b"\r" in value or _CONTROLS.search(value):
        return None
    return name.decode("latin-1"), value.decode("latin-1"), content


class _Line:
    __slots__ = ("clean", "continuation", "first", "offset")

    def __init__(self, offset: int, first: bytes, clean: _CleanLine | None = None) -> None:
        self.offset = offset
        self.first = first
        self.clean = clean
        self.continuation: list[bytes] = []


def _read_field_line(line: _Line, area: Area, log: DeviationLog) -> FieldLine | None:
    if line.clean is not None and not line.continuation:
        name, value, raw = line.clean
        return FieldLine(name, value, line.offset, raw)
    return _read_other_line(line, area, log)


def _read_other_line(line: _Line, area: Area, log: DeviationLog) -> FieldLine | None:
    first = line.first.removesuffix(b"\r")
    name, colon, value = first.partition(b":")
    if not colon:
        log.add("no-colon", area, line.offset, first)
        return None
    if (stripped := name.rstrip(b" \t")) != name:
        # Proxies and servers disagree about what such a name is, which has let requests through.
        log.add("space-before-colon", area, line.offset + len(stripped), first)
    if not stripped:
        log.add("name-empty", area, line.offset, first)
    elif _NAME.fullmatch(stripped) is None:
        log.add("name-not-token", area, line.offset, first)
    parts = [value, *(more.removesuffix(b"\r") for more in line.continuation)]
    value = b" ".join(filter(None, (part.strip(b" \t") for part in parts)))
    if _CONTROLS.search(value):
        log.add("value-control", area, line.offset, first)
    raw = b"\n".join([line.first, *line.continuation]).removesuffix(b"\r")
    return FieldLine(stripped.decode("latin-1"), value.decode("latin-1"), line.offset, raw)


def _without_cr(line: bytes, offset: int, area: Area, log: DeviationLog) -> bytes:
    # A recipient may take LF alone for a line end; a sender must write CR LF.
    content = line.removesuffix(b"\r")
    if len(content) == len(line):
        log.add("bare-lf", area, offset + len(line), line)
    if (place := content.find(b"\r")) >= 0:
        log.add("bare-cr", area, offset + place, content)
    return content
