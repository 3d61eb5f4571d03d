"""What a request's JSON object asks of the endpoint."""

from __future__ import annotations

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.interface import Asked
from streamchat_conformance.dialects.valid_requests import of_valid


def asked(sent: SentRequest, reading: JsonReading) -> Asked:
    """Return what a request asks."""
    ask, turns = reading.value.get("ask"), reading.value.get("turns")
    if not isinstance(ask, str):
        return Asked(Expectation.REFUSE, ("acme.ask",), sent=sent)
    values = {"ask": ask, "turns": turns}
    if not isinstance(turns, list):
        return Asked(Expectation.EITHER, sent=sent, values=values)
    unknown = reading.value.keys() - values.keys()
    rows = ["request.unknown-members"] if unknown else []
    return of_valid(sent, reading, values, unsure=rows)
