"""What an endpoint should make of a request, told from the request's bytes alone.

The article fixes the order in which faults are looked for: the body is JSON, `prompt` is
present, `history` is present, `history` is a list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.fields import MediaType, media_type, tokens
from streamchat_conformance.core.http_request import JSON_MEDIA_TYPE
from streamchat_conformance.core.json_value import walk
from streamchat_conformance.core.sent_request import SentRequest, parse_request
from streamchat_conformance.core.strict_json import JsonReading, read_json

NOT_JSON = "Request body must be JSON"
NO_PROMPT = "Missing 'prompt' field"
NO_HISTORY = "Missing 'history' field"
HISTORY_NOT_LIST = "'history' field must be a list"

LARGE_BYTES = 8 * 1024
"""From here on it may be a request's size that a server does not take."""
VERY_LARGE_BYTES = 512 * 1024
LONG_NUMBER_DIGITS = 400
"""Longer numbers may be refused (RFC 8259 section 6 lets a reader set limits)."""


_SPOKEN_FOR = re.compile(
    r"<[|/<!]|[|>]>|<[\w=]+>|\[/?[A-Z_]{2,}\]|\{[{%#}]|\$[{(]|#\{|%[sdn(]|<%|\x1b|###|\\[ngxNU\d]|"
    r"\{\w*\}|STOP"
)
"""Text that means something to a tokenizer, a template or a formatter."""
_MEMBER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
_TAKEN_NAMES = frozenset(
    ("constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "toJSON", "length")
)
"""Names that objects of some languages have themselves."""
_ORDINARY_VALUE = re.compile(r"[ -~]{0,200}")
_TEXTS = ("content", "text")
"""Members of a message that hold what somebody wrote."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What a request is about and what it deserves.

    `rows` are the ids of the `request.*` requirements that it exercises, the one that decides
    first; `also` are those about other things that are special in it, which may explain why it
    went wrong. `texts` are the article's error texts that apply, in the article's order.
    `broken_form` tells that the body is not what its media type says, so that what reads forms
    may refuse it, in its own words, before the endpoint has a say.
    """

    expectation: Expectation
    rows: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    sent: SentRequest | None = None
    prompt: Any = None
    history: Any = None
    also: frozenset[str] = frozenset()
    broken_form: bool = False

    @property
    def involved(self) -> frozenset[str]:
        """Every requirement that is about something in this request."""
        return self.also.union(self.rows)

    @property
    def row(self) -> str:
        """The requirement that decides, or an empty string."""
        return self.rows[0] if self.rows else ""


def classify(request: bytes, *, path: str | None = None) -> Classification:
    """Tell what a request's bytes deserve. `path` is the endpoint's; None accepts any."""
    sent = parse_request(request)
    ordinary = sent.well_formed and sent.method == "POST" and sent.version == "HTTP/1.1"
    if not ordinary or (path is not None and sent.target != path):
        return Classification(Expectation.UNJUDGED, sent=sent)
    # RFC 9110 section 8.4: what a coded body says its bytes do not show, and a server may or may
    # not read it.
    if set(tokens(sent.values("content-encoding"))) - {"identity"}:
        return Classification(Expectation.EITHER, sent=sent)
    offered = set(tokens(sent.values("upgrade")))
    # Several servers read an offer of a WebSocket as a handshake, which a POST cannot be.
    if "websocket" in offered:
        return Classification(Expectation.EITHER, sent=sent)
    in_body = _classify_body(sent)
    classified = _classify_media_type(sent)
    if classified is None:
        classified = in_body
    else:
        # A server may look at the body first, and what it finds there may be its end.
        classified = replace(classified, also=classified.also | in_body.involved)
    also = {row for row, shown in _special_transfer(sent) if shown}
    return replace(classified, also=classified.also | also)


def _special_transfer(sent: SentRequest) -> tuple[tuple[str, bool], ...]:
    """Return the requirements about how a request is sent, each with whether it is sent so."""
    return (
        ("request.upgrade-ignored", bool(tokens(sent.values("upgrade")))),
        ("request.chunk-extensions", sent.extended),
        ("request.chunked-body", sent.chunked and not sent.extended),
        ("request.large-prompt", len(sent.body) >= LARGE_BYTES),
    )


def _refuse(sent: SentRequest, row: str, *texts: str) -> Classification:
    return Classification(Expectation.REFUSE, (row,), texts, sent)


def _classify_media_type(sent: SentRequest) -> Classification | None:
    values = sent.values("content-type")
    if not values:
        return _refuse(sent, "request.media-type-not-json", NOT_JSON)
    parsed = media_type(values[0])
    if len(values) > 1 or parsed is None or not parsed.well_formed:
        return Classification(Expectation.EITHER, (), (), sent)
    essence = f"{parsed.type}/{parsed.subtype}"
    if essence == JSON_MEDIA_TYPE:
        # RFC 8259 section 11 has no charset: another than UTF-8 may be ignored or refused.
        if parsed.parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            return Classification(Expectation.EITHER, sent=sent)
        return None
    if parsed.subtype.endswith("+json") or parsed.subtype == "json":
        return Classification(Expectation.EITHER, ("request.media-type-suffix",), (), sent)
    refuse = _refuse(sent, "request.media-type-not-json", NOT_JSON)
    return replace(refuse, broken_form=parsed.type == "multipart" and not _is_form(sent, parsed))


def _is_form(sent: SentRequest, parsed: MediaType) -> bool:
    """Tell whether a body has the delimiters of its multipart media type (RFC 2046 §5.1.1)."""
    boundary = parsed.parameters.get("boundary", "").encode("latin-1", "replace")
    delimiter = b"\r\n--" + boundary
    body = b"\r\n" + sent.body
    return bool(boundary) and delimiter + b"\r\n" in body and delimiter + b"--" in body


def _classify_body(sent: SentRequest) -> Classification:
    body = sent.body
    if not body:
        return _refuse(sent, "request.body-empty", NOT_JSON)
    # RFC 8259 section 8.1: texts between systems are UTF-8; a parser may ignore a leading
    # byte order mark or call it an error, so both answers to one are right.
    if body.startswith(b"\xef\xbb\xbf"):
        return Classification(Expectation.EITHER, (), (NOT_JSON,), sent)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _refuse(sent, "request.body-not-utf8", NOT_JSON)
    reading = read_json(body)
    if reading.too_deep:
        # RFC 8259 section 9 lets a reader set limits to the depth of nesting.
        return Classification(Expectation.EITHER, ("request.deep-nesting",), (NOT_JSON,), sent)
    if reading.non_finite:
        return _refuse(sent, "request.non-finite-numbers", NOT_JSON)
    if reading.error is not None:
        return _refuse(sent, "request.body-malformed", NOT_JSON)
    if not isinstance(reading.value, dict):
        classified = _refuse(sent, "request.body-not-object", NOT_JSON)
    else:
        classified = _classify_object(sent, reading, reading.value)
    return replace(classified, also=classified.also.union(_special_values(sent, reading)))


def _special_values(sent: SentRequest, reading: JsonReading) -> Iterator[str]:
    """Yield the requirements about what may stand in a JSON text whatever it deserves."""
    members = reading.value if isinstance(reading.value, dict) else {}
    if set(members) - {"prompt", "history"}:
        yield "request.unknown-members"
    if reading.lone_surrogates:
        yield "request.lone-surrogate"
    elif not sent.body.isascii() or b"\\u" in sent.body:
        yield "request.prompt-unicode"
    if _has_number(reading.value, _is_long):
        yield "request.huge-number"
    yield from _special_members(members)


def _special_members(members: dict[str, Any]) -> Iterator[str]:
    """Yield the requirements about prompt and history, whatever else is wrong with the request."""
    prompt, history = members.get("prompt"), members.get("history")
    if prompt == "":
        yield "request.prompt-empty"
    elif prompt is not None and not isinstance(prompt, str):
        yield "request.prompt-not-string"
    if not isinstance(history, list):
        return
    if not all(_is_plain_item(item) for item in history):
        yield "request.history-any-json"
    if _has_messages(history):
        yield "request.history-items"
    if not history:
        yield "request.history-empty"


def _has_messages(history: list[Any]) -> bool:
    return len(history) > 1 or any(isinstance(item, dict) for item in history)


def _classify_object(
    sent: SentRequest, reading: JsonReading, members: dict[str, Any]
) -> Classification:
    prompt, history = members.get("prompt"), members.get("history")
    faults = _faults(members)
    if {"prompt", "history"} & set(reading.duplicate_names):
        # RFC 8259 section 4: which of them counts is the reader's choice.
        named = frozenset(row for row, _ in faults)
        return Classification(Expectation.EITHER, (), (), sent, also=named)
    if faults:
        rows, texts = zip(*faults, strict=True)
        if prompt == "" or (prompt is not None and not isinstance(prompt, str)):
            # The article is silent about such a prompt: a server may well name it first.
            return Classification(Expectation.REFUSE, rows, (), sent)
        if len(faults) > 1:
            rows = (*rows, "request.error-order")
        return Classification(Expectation.REFUSE, rows, texts, sent)
    if reading.lone_surrogates:
        rows = ("request.lone-surrogate",)
        return Classification(Expectation.EITHER, rows, (NOT_JSON,), sent, prompt, history)
    if not isinstance(prompt, str):
        return Classification(Expectation.REFUSE, ("request.prompt-not-string",), (), sent)
    if _has_number(reading.value, _is_long):
        return Classification(Expectation.EITHER, ("request.huge-number",), (), sent)
    return _classify_valid(sent, members)


def _faults(members: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (requirement id, the article's text) of each fault, in the article's order."""
    prompt, history = members.get("prompt"), members.get("history")
    faults: list[tuple[str, str]] = []
    if prompt is None:
        row = "request.prompt-null" if "prompt" in members else "request.prompt-missing"
        faults.append((row, NO_PROMPT))
    if history is None:
        row = "request.history-null" if "history" in members else "request.history-missing"
        faults.append((row, NO_HISTORY))
    elif not isinstance(history, list):
        faults.append(("request.history-not-list", HISTORY_NOT_LIST))
    return faults


def _classify_valid(sent: SentRequest, members: dict[str, Any]) -> Classification:
    """Name every requirement that says this valid request is accepted."""
    prompt, history = members["prompt"], members["history"]
    should = [
        row
        for row, shown in (
            ("request.very-large-prompt", len(sent.body) >= VERY_LARGE_BYTES),
            ("request.prompt-empty", prompt == ""),
            ("request.history-any-json", not all(_is_plain_item(item) for item in history)),
        )
        if shown
    ]
    must = [
        row
        for row, shown in (
            ("request.unknown-members", bool(set(members) - {"prompt", "history"})),
            *_special_transfer(sent),
            ("request.media-type-parameters", sent.first("content-type") != JSON_MEDIA_TYPE),
            ("request.large-prompt", len(sent.body) >= LARGE_BYTES),
            (
                "request.prompt-unicode",
                not sent.body.isascii() or b"\\u" in sent.body or is_spoken_for(prompt, history),
            ),
            ("request.history-items", _has_messages(history)),
            ("request.history-empty", not history),
        )
        if shown
    ]
    # A number out of a double's range may be refused (RFC 8259 section 6 lets a reader set
    # limits), and so may a very large body (413).
    out_of_range = _has_number(history, _is_out_of_range)
    either = out_of_range or len(sent.body) >= VERY_LARGE_BYTES
    return Classification(
        Expectation.EITHER if either else Expectation.ACCEPT,
        (*should, *must) or ("request.valid-accepted",),
        (),
        sent,
        prompt,
        history,
    )


def _is_plain_item(item: Any) -> bool:
    if isinstance(item, str):
        return True
    return isinstance(item, dict) and all(
        _MEMBER_NAME.fullmatch(name)
        and name not in _TAKEN_NAMES
        and isinstance(value, str)
        and (name in _TEXTS or _is_ordinary(value))
        for name, value in item.items()
    )


def _is_ordinary(value: str) -> bool:
    """Return whether a role, a name or an id is one that a server expects."""
    return bool(_ORDINARY_VALUE.fullmatch(value)) and not _SPOKEN_FOR.search(value)


def is_spoken_for(prompt: Any, history: Any) -> bool:
    """Return whether some text means something to what a server may hand it to."""
    texts = (inner for _, inner in walk([prompt, history]))
    return any(isinstance(text, str) and bool(_SPOKEN_FOR.search(text)) for text in texts)


def _has_number(value: object, test: Callable[[Decimal], bool]) -> bool:
    """Tell whether some number in a JSON value, kept exactly, passes a test."""
    return any(
        test(Decimal(inner))
        for _, inner in walk(value)
        if isinstance(inner, int | Decimal) and not isinstance(inner, bool)
    )


def _is_long(number: Decimal) -> bool:
    return len(number.as_tuple().digits) >= LONG_NUMBER_DIGITS


def _is_out_of_range(number: Decimal) -> bool:
    return not number.is_finite() or math.isinf(float(number))
