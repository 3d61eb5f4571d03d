"""Grammar of field values: tokens, quoted strings, lists, media types, directives, dates.

Nothing here raises on bad values: what cannot be read is None, or marked as not well-formed.
Values are text in which each character stands for one byte (ISO-8859-1), as in `FieldLine`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.grammar import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'

_WHOLE_TOKEN = re.compile(TOKEN)
QUOTED_STRING: Final = re.compile(_QUOTED)
"""RFC 9110 §5.6.4."""
_PARAMETER = re.compile(rf"({TOKEN})=({TOKEN}|{_QUOTED})")
_OWS = " \t"


def is_token(text: str) -> bool:
    """Return whether `text` is a token (RFC 9110 §5.6.2)."""
    return _WHOLE_TOKEN.fullmatch(text) is not None


def split_list(value: str, separator: str = ",") -> Iterator[str]:
    """Yield the members of a list, without white space around them (RFC 9110 §5.6.1).

    A separator inside a quoted string does not separate; a quoted string that is never closed
    reaches to the end of the value. Empty members are yielded as "".
    """
    start = position = 0
    while position < len(value):
        character = value[position]
        if character == '"':
            position = _end_of_quoted(value, position)
            continue
        if character == separator:
            yield value[start:position].strip(_OWS)
            start = position + 1
        position += 1
    yield value[start:].strip(_OWS)


def _end_of_quoted(value: str, position: int) -> int:
    position += 1
    while position < len(value):
        if value[position] == "\\":
            position += 2
        elif value[position] == '"':
            return position + 1
        else:
            position += 1
    return len(value)


def unquote(text: str) -> str:
    """Return what a token or quoted string stands for (RFC 9110 §5.6.4)."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text


def tokens(values: Iterable[str]) -> list[str]:
    """Return the members of a comma-separated list over all its field lines, in lower case.

    Empty members are dropped, as RFC 9110 §5.6.1.2 asks of recipients. A member that is not a
    token is returned as it stands, so that a judge can see it.
    """
    return [member.lower() for value in values for member in split_list(value) if member]


def directives(values: Iterable[str]) -> dict[str, str | None]:
    """Return directives such as Cache-Control's: names in lower case, arguments unquoted.

    A directive without argument has None (RFC 9111 §5.2). Of a repeated one the first is kept.
    """
    found: dict[str, str | None] = {}
    for value in values:
        for member in split_list(value):
            name, equals, argument = member.partition("=")
            if name.strip(_OWS):
                found.setdefault(
                    name.strip(_OWS).lower(), unquote(argument.strip(_OWS)) if equals else None
                )
    return found


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type: type, subtype and parameter names in lower case, values unquoted."""

    type: str
    subtype: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of a repeated parameter the first is kept, as the WHATWG MIME standard does."""
    well_formed: bool = True
    """False when the value departs from RFC 9110 §8.3.1 and was read nevertheless."""

    @property
    def essence(self) -> str:
        """Type and subtype, such as `text/event-stream`."""
        return f"{self.type}/{self.subtype}"


def media_type(value: str) -> MediaType | None:
    """Read a Content-Type value (RFC 9110 §8.3.1); None when there is no type/subtype in it.

    Read, but not well-formed: white space around `=` or `/`, parameters without value or with a
    bad one, a parameter named twice, several values joined by a comma. Empty parameters
    (`text/html;`) are in the grammar.
    """
    only, *more = split_list(value)
    first, *rest = split_list(only, ";")
    main, slash, sub = (part.strip(_OWS) for part in first.partition("/"))
    well_formed = not more and first == f"{main}/{sub}"
    if not (slash and is_token(main) and is_token(sub)):
        return None
    parameters: dict[str, str] = {}
    for part in rest:
        if not part:
            continue
        name, equals, argument = (piece.strip(_OWS) for piece in part.partition("="))
        well_formed = well_formed and _PARAMETER.fullmatch(part) is not None
        if not (equals and is_token(name)) or name.lower() in parameters:
            well_formed = False
        else:
            parameters[name.lower()] = unquote(argument)
    return MediaType(main.lower(), sub.lower(), parameters, well_formed)


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT_DAY = f"(?:{'|'.join(day[:3] for day in _DAYS)})"
_LONG_DAY = f"(?:{'|'.join(_DAYS)})"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

_IMF_FIXDATE = re.compile(
    rf"{_SHORT_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"
)
_RFC_850_DATE = re.compile(
    rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"
)
_ASCTIME_DATE = re.compile(
    rf"{_SHORT_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"
)


def is_http_date(value: str) -> bool:
    """Return whether `value` is an HTTP date as senders must write it (RFC 9110 §5.6.7).

    That is IMF-fixdate: fixed lengths, English names in this very case, GMT. The day must exist
    in its month, and the time in the day (second 60 is a leap second). The grammar does not tie
    the day's name to the date, so a wrong weekday is not refused.
    """
    return _is_date(_IMF_FIXDATE, value)


def is_obsolete_http_date(value: str) -> bool:
    """Return whether `value` is in one of the two forms recipients must still read.

    RFC 9110 §5.6.7: the RFC 850 form with a two-digit year, and that of C's asctime().
    """
    return _is_date(_RFC_850_DATE, value) or _is_date(_ASCTIME_DATE, value)


def _is_date(form: re.Pattern[str], value: str) -> bool:
    match = form.fullmatch(value)
    if match is None:
        return False
    year = int(match["year"])
    # A two-digit year is read within a century in which 00 is a leap year; year 0000 exists in
    # the grammar but not in `date`, and is a leap year by the same rule as 2000.
    try:
        date(
            year + 2000 if year < 100 else year,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
        )
    except ValueError:
        return False
    return int(match["hour"]) < 24 and int(match["minute"]) < 60 and int(match["second"]) <= 60
