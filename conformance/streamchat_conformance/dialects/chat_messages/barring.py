"""Refusals that say nothing about a request: the account, the model, or a limit is in the way.

A gateway answers a good request with 402 where there is no money left, with 404 where it does not
have the model, and with 400 where its filter finds the text offensive. Another account, another
model, or a shorter text would get an answer, so no requirement on requests is decided. A request
that names no model, or by something that is no name, is refused for what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from streamchat_conformance.core.strict_json import read_json

_STATUSES = {
    401: "the credentials",
    402: "the account",
    403: "the credentials",
    451: "the region",
}
"""What is in the way, by statuses that say so whatever the body says."""
_CODES = re.compile(
    r"(?P<account>insufficient_(?:quota|balance|credits?|funds)|billing|(?:budget|quota)_exceeded"
    r"|payment|credit|account|invalid_api_key|permission|unsupported_country|authentication)"
    r"|(?P<model>(?:model|deployment|engine)_?not_?\w+|(?:invalid|unknown|no)_?model"
    r"|operationnotsupported)"
    r"|(?P<limit>context_length_exceeded|exceed_context_size|string_above_max_length|rate_limit)"
    r"|(?P<filter>content_?(?:filter|policy)|responsibleai|moderation|sensitive|data_inspection)",
    re.IGNORECASE,
)
"""The words by which `error.code` and `error.type` say it, in whatever spelling."""
_TEXTS = re.compile(
    r"(?P<model>(?:invalid|unknown|not a valid|no such|unsupported) model"
    r"|\bmodels? (?:\S+ |id ){0,2}?(?:does not exist|do not exist|not found|was not found"
    r"|is not (?:available|found|loaded|supported)\b|not available|not loaded)"
    r"|no models? (?:is |are )?loaded|deployment for this resource does not exist)"
    r"|(?P<limit>(?:maximum|available|exceeds? the|exceeded the) context|context (?:length|window"
    r"|size)|too many tokens|(?:prompt|input) is too long)"
    r"|(?P<account>insufficient (?:credit|balance|quota|funds)|credit balance|exceeded your"
    r"|budget has been exceeded|more credits)"
    r"|(?P<filter>content (?:management |filtering )?policy|content filter|data inspection)",
    re.IGNORECASE,
)
_WHAT = {
    "account": "the account",
    "model": "the model",
    "limit": "the size that the model takes",
    "filter": "a filter of texts",
}
_OF_MODEL = re.compile(r"\b(?:model|deployment|engine)s?\b", re.IGNORECASE)


def barring(text_of: Callable[[bytes], str | None]) -> Callable[[int, bytes, bytes], str]:
    """Return what decides whether a refusal is about something else than its request.

    `text_of` returns the error text in a refusal's body. What is returned takes the status, that
    body and the body of the request, and returns what is in the way; an empty string if nothing is.
    """
    return partial(_barred, text_of)


def _barred(text_of: Callable[[bytes], str | None], status: int, body: bytes, sent: bytes) -> str:
    found = _in_the_way(status, body, text_of(body) or "")
    return "" if found == _WHAT["model"] and not _names_model(sent) else found


def _names_model(sent: bytes) -> bool:
    """Return whether a request names a model that a server may have or lack."""
    members = read_json(sent).value
    model = members.get("model") if isinstance(members, dict) else None
    return isinstance(model, str) and bool(model.strip())


def _in_the_way(status: int, body: bytes, text: str) -> str:
    """Return what a refusal says is in the way.

    A 404 is about the model where it mentions one: without that it is about the path.
    """
    if status in _STATUSES:
        return _STATUSES[status]
    error = _error(body)
    if status == 404 and (_OF_MODEL.search(text) or error.get("param") == "model"):
        return _WHAT["model"]
    words = (error.get("code"), error.get("type"))
    for pattern, said in (*((_CODES, word) for word in words), (_TEXTS, text)):
        found = pattern.search(said) if isinstance(said, str) else None
        if found is not None and found.lastgroup is not None:
            return _WHAT[found.lastgroup]
    return _WHAT["model"] if error.get("param") == "model" else ""


def _error(body: bytes) -> dict[str, Any]:
    """Return the error object of a refusal; where there is none, the object around it."""
    value = read_json(body).value
    members = value if isinstance(value, dict) else {}
    inner = members.get("error")
    return inner if isinstance(inner, dict) else members
