"""What not every server of the dialect can show, and how it is detected."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.catalogue import Capability
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.interface import Payloads, Survey

COUNT = Capability("count", "counts its tokens", "no plain request brought a count")


def counts(payloads: Payloads) -> list[Any]:
    """Return the numbers of tokens that events bring."""
    values = [payload.value for _, payload in payloads]
    return [value["tokens"] for value in values if isinstance(value, dict) and "tokens" in value]


def uncounted(survey: Survey) -> str:
    """Return why a server does not count its tokens, or an empty string if it does."""
    answer = survey.ask(HttpRequest.chat(survey.plain), label="does it count its tokens?")
    return "" if counts(answer.payloads) else COUNT.absent
