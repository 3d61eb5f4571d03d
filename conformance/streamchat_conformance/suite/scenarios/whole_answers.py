"""Answers that are read to their end, for as long as a run watches a stream."""

from __future__ import annotations

from streamchat_conformance.catalogue import FINITE
from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.scenarios.keepalive import keeps, served_alone
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target

COMPANY = 3
"""How many requests are sent together, to see what their answers make of each other."""


def until_whole(target: Target) -> Answered:
    """Return the condition that stops at an answer's end, or when a run stops to watch it."""
    settings = target.settings
    return Answered(whole=True, within_s=settings.limits.first_event_s + settings.observation_s)


def until_end(target: Target) -> Answered:
    """Return `until_whole` where streams end by themselves; the first event is enough elsewhere."""
    return until_whole(target) if target.has(FINITE) else Answered()


def whole_after_refusal(target: Target, body: Body, label: str) -> Reading | None:
    """Return the whole answer to a request that another one, refused, preceded on its connection.

    None where nothing is refused as it should be, or the connection ends with the refusal.
    """
    requests = target.dialect.requests.refusable
    before = next((request for request in requests if served_alone(target, request)), None)
    if before is None:
        return None
    with target.connect() as connection:
        refused = target.record(connection, target.encode(before), Answered(), "refused")
        if not keeps(connection, refused):
            return None
        data = target.encode(HttpRequest.chat(body))
        label = f"{label}, after a refusal"
        reading = target.record(connection, data, until_whole(target), label)
    target.limit_check.observe(reading)
    return reading


def whole_in_company(target: Target, body: Body, label: str) -> list[Reading]:
    """Return the whole answers to equal requests that are sent together.

    There are none where a run sends one request at a time.
    """
    if target.bounds.sequential:
        return []
    label = f"{label}, one of several at once"
    return run_together(
        lambda request: whole(target, request, label), [body] * COMPANY, at_once=COMPANY
    )


def whole(target: Target, body: Body, label: str) -> Reading:
    """Send a request and read its answer to the end. `label` says in reports what it is."""
    return target.send(HttpRequest.chat(body), stop=until_whole(target), label=label)
