"""Text that is dangerous to an event stream, and whether it did harm.

A prompt may contain line separators, or text that looks like an event. If a server does not
escape them, one cause breaks many rules of syntax at once; it is reported once, under the
requirement that the text was sent for (`payload.no-injection`, `payload.line-separators`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

from streamchat_conformance.catalogue import ECHO
from streamchat_conformance.core.eventstream import KNOWN_FIELDS, Line
from streamchat_conformance.core.json_value import same_json_value
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.judges.reading import Reading

SEPARATORS = "\n\r\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""Characters that some line splitter or other takes for the end of a line, and NUL."""

"""The names of an event stream's fields."""

SEAM_CHARACTERS = 8
"""How much of the text on either side of a separator is looked for on the wire."""

SEAMS = 64
"""How many places are looked for: text that is not escaped is torn at most of them."""

_SEPARATOR = re.compile(f"[{SEPARATORS}]")
_RUN = re.compile(f"[{SEPARATORS}]+")
_RAW = re.compile(f"[{SEPARATORS}]+(?:data: ?[{SEPARATORS}]*)*")
"""Separators as they are; the text behind them may have become a data line of its own."""
_MARK = "\ue000"
"""Stands for separators that are not escaped."""
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BREAKING_RUN = re.compile("[\r\n\x00]+")
"""What ends a line of an event stream, or spoils an id."""
_LINE_ENDS = re.compile("[\r\n]+")
SURE_CHARACTERS = 8
"""How much text has to stand on both sides of a line's end together, where nothing else speaks
for it that the text is the request's."""
_ESCAPED_END = re.compile(r"%0[ad]|\\[rn]", re.IGNORECASE)
"""A line's end in escapes of URLs, or of JSON once more: some server may undo them, too."""
_LITERAL = re.compile(r"[ !#-\[\]-~]+")
"""Text that stands in a string of JSON as it is, however that is written."""
_INJECTED_DATA = re.compile(r"(?:\r\n|\r|\n)data: ?(.*?)(?=\r|\n|$)")


def unescaped(text: str) -> str:
    """Return text with escaped line ends undone."""
    # Nearly all texts have none, and some texts are large.
    return _ESCAPED_END.sub("\n", text) if "%0" in text or "\\" in text else text


def _spellings(reading: Reading) -> list[str]:
    """Return the request's texts, and what they become where escaped line ends are undone."""
    return reading.derived(_spelled)


def _spelled(reading: Reading) -> list[str]:
    spellings = []
    for text in reading.texts:
        spellings.append(text)
        if (plain := unescaped(text)) != text:
            spellings.append(plain)
    return spellings


def has_separators(reading: Reading) -> bool:
    """Return whether the request's text has line separators."""
    return reading.derived(_with_separators)


def _with_separators(reading: Reading) -> bool:
    return any(_SEPARATOR.search(text) for text in reading.texts)


def injected_data(reading: Reading) -> set[str]:
    """Return what would be an event's data if the request's text got onto the wire unescaped."""
    return reading.derived(_injected_data)


def _injected_data(reading: Reading) -> set[str]:
    return {
        match.strip()
        for text in _spellings(reading)
        if "data:" in text
        for match in _INJECTED_DATA.findall(text)
        if match.strip()
    }


def injected_events(reading: Reading) -> list[Any]:
    """Return the events whose data is text that the request tried to inject."""
    attempts = injected_data(reading)
    if not attempts:
        return []
    return [
        block
        for block in reading.events
        if block.event is not None and block.event.data.strip() in attempts
    ]


def hazard_breach(reading: Reading) -> str:
    """Return in a few words how dangerous text did harm here, or an empty string.

    A stream may be broken for other reasons, too: the text did it only where it stands on the
    wire unescaped.
    """
    # Many judges ask, and some texts are large.
    return reading.derived(_hazard_breach)


def has_own_rows(reading: Reading) -> bool:
    """Return whether the dialect has requirements about the harm that dangerous text does.

    Where it has none, what such text broke is judged as anything else that is broken.
    """
    return ECHO in reading.dialect.capabilities


def spilled_text(reading: Reading) -> bool:
    """Return whether text of the request broke a stream whose dialect has no rows about that."""
    return not has_own_rows(reading) and reading.derived(_has_spilled)


def _has_spilled(reading: Reading) -> bool:
    return bool(injected_events(reading) or torn_lines(reading))


def _hazard_breach(reading: Reading) -> str:
    if not has_own_rows(reading):
        return ""
    if injected_events(reading):
        return "text of the request became an event of its own"
    if torn_lines(reading) or intrudes(reading):
        return "text of the request became a line of its own"
    if not has_separators(reading):
        return ""
    harm = _harm(reading)
    return harm if harm and _stands_unescaped(reading) else ""


def torn_lines(reading: Reading) -> list[Line]:
    """Return the lines outside the data that repeat text of the request with a line end in it.

    A comment, an id, an event's name or the time to reconnect: what follows the line end has
    become a line of its own.
    """
    return reading.derived(_torn_lines)


def _torn_lines(reading: Reading) -> list[Line]:
    lines = [line for line in reading.stream.lines if line.name != "data" and line.content]
    if not lines or not any(_BREAKING_RUN.search(text) for text in _spellings(reading)):
        return []
    # Where the stream is visibly broken, little text is enough to know whose it is.
    least = 2 if _harm(reading) or _spoils_id(reading) or intrudes(reading) else SURE_CHARACTERS
    patterns = [
        re.compile(re.escape(before) + rb"[\r\n\x00]+" + re.escape(after), re.IGNORECASE)
        for before, after in islice(_breaking_seams(reading, least), SEAMS)
    ]
    # A text may well quote whole lines that the server sends by itself.
    quoted = {
        part.encode("utf-8", "replace")
        for text in _spellings(reading)
        for part in _BREAKING_RUN.split(text)
    }
    of_data = _rests_of_data(reading)
    return [
        line
        for line in lines[:SEAMS]
        if line.offset not in of_data
        and (
            _is_strange(line, reading)
            or (line.content not in quoted and _is_torn(reading.body, line, patterns))
        )
    ]


def _rests_of_data(reading: Reading) -> set[int]:
    """Return where lines begin that are the rest of data with the request's text unescaped."""
    begun = [
        _LITERAL.match(part)
        for text in _spellings(reading)
        for part in _BREAKING_RUN.split(text)[1:]
    ]
    begins = tuple(match[0][:SEAM_CHARACTERS].encode() for match in begun if match)
    rests = set()
    torn = False
    for line in reading.stream.lines:
        if line.name == "data":
            torn = read_json(line.value.decode("utf-8", "replace")).error is not None
        elif line.content:
            torn = torn and line.content.startswith(begins)
            if torn:
                rests.add(line.offset)
    return rests


def _is_strange(line: Line, reading: Reading) -> bool:
    """Return whether a line is one of the request's text, and none that a server sends by itself.

    Text that begins with a line end leaves nothing before it that could be looked for.
    """
    if not line.name or line.name in KNOWN_FIELDS:
        return False
    return _begins_behind_an_end(line.content.decode("utf-8", "replace"), reading)


def _begins_behind_an_end(text: str, reading: Reading) -> bool:
    """Return whether text stands in the request between the ends of lines, or behind the last."""
    # NUL ends no line: it may be all that a line has.
    return any(
        text in split.split(spelling)[1:]
        for spelling in _spellings(reading)
        for split in (_BREAKING_RUN, _LINE_ENDS)
    )


def _is_torn(body: bytes, line: Line, patterns: list[re.Pattern[bytes]]) -> bool:
    text = body[line.offset : line.end_offset + 4 * SEAM_CHARACTERS + 8]
    found = (match for pattern in patterns for match in pattern.finditer(text))
    return any(match.start() < len(line.content) for match in found)


def _breaking_seams(reading: Reading, least: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield what stands before and after each line end in the request's texts."""
    for text in _spellings(reading):
        for before, after in pairwise(_BREAKING_RUN.split(text)):
            last, first = before[-SEAM_CHARACTERS:], after[:SEAM_CHARACTERS]
            if last and len(last) + len(first) >= least:
                yield last.encode("utf-8", "replace"), first.encode("utf-8", "replace")


def _spoils_id(reading: Reading) -> bool:
    return any(line.name == "id" and b"\0" in line.value for line in reading.stream.lines)


def intrudes(reading: Reading) -> bool:
    """Return whether a status line or HTML page in the body is text of the request."""
    at = reading.intruder_offset
    if at is None:
        return False
    line = re.split(rb"[\r\n]", reading.body[at : at + 200], maxsplit=1)[0]
    return _begins_behind_an_end(line.decode("utf-8", "replace"), reading)


def _stands_unescaped(reading: Reading) -> bool:
    """Return whether text of the request came back with a separator in it that is not escaped."""
    body = _RAW.sub(_MARK, reading.body.decode("utf-8", "replace"))
    body = _ESCAPE.sub(lambda escape: _escaped(escape[1]), _in_surrogates(body))
    seams = (seam for text in reading.texts for seam in _seams(text))
    return any(_MARK in found for seam in islice(seams, SEAMS) for found in re.findall(seam, body))


def _seams(text: str) -> Iterator[str]:
    """Yield a pattern for each place where text is torn if its separators are not escaped."""
    # Where the text begins or ends a quotation mark is next to it.
    for before, after in pairwise(_RUN.split(_in_surrogates(text))):
        last = re.escape(before[-SEAM_CHARACTERS:] or '"')
        first = re.escape(after[:SEAM_CHARACTERS] or '"')
        yield f"{last}([{_MARK}{SEPARATORS}]+){first}"


def _in_surrogates(text: str) -> str:
    """Return text with characters beyond U+FFFF in two halves, as JSON escapes them."""
    return _ASTRAL.sub(lambda match: "".join(map(chr, _halves(ord(match[0])))), text)


def _halves(code: int) -> tuple[int, int]:
    return 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF)


def _escaped(escape: str) -> str:
    """Return the character that an escape of JSON stands for, given what follows the backslash."""
    return chr(int(escape[1:], 16)) if len(escape) == 5 else _SHORT.get(escape, escape)


def _harm(reading: Reading) -> str:
    names = {line.name for line in reading.stream.lines if line.name}
    if names - KNOWN_FIELDS:
        return "text of the request became a line of its own"
    for block, payload in reading.payloads:
        if payload.error is not None:
            return f"the event that carries it is not JSON: {payload.error.message}"
        if sum(line.name == "data" for line in block.lines) > 1:
            joined = "".join(
                line.value.decode("utf-8", "replace") for line in block.lines if line.name == "data"
            )
            if read_json(joined).error is not None:
                return "the separator split the data into lines that are not JSON together"
    return ""


def lost_separators(reading: Reading) -> str:
    """Return how an echo lost line separators and nothing else, or an empty string."""
    if not has_separators(reading):
        return ""
    for echo in reading.content.echoes:
        for name, sent in reading.asked.values.items():
            if name not in echo:
                continue
            received = echo[name]
            if same_json_value(sent, received, exact=False) is None:
                continue
            if same_json_value(_bare(sent), _bare(received), exact=False) is None:
                return f"`{name}` came back with other line separators than were sent"
    return ""


def _bare(value: Any) -> Any:
    """Return a JSON value with all separators and spaces taken out of its strings."""
    if isinstance(value, str):
        return _SEPARATOR.sub("", value).replace(" ", "").replace("\ufffd", "")
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if isinstance(value, dict):
        return {_bare(name): _bare(item) for name, item in value.items()}
    return value
