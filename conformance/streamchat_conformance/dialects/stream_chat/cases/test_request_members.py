"""request: members of a request that are named like those of the answer."""

from __future__ import annotations

import json
from typing import Any

from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.json_place import with_member
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check
from streamchat_conformance.suite.verdicts.outcomes import Violation

OWN = ("response", "error")
"""Members that a server of this endpoint writes."""
FOREIGN: dict[str, Any] = {"streamchat-conformance": 4711}
"""A value that no server has for any of them."""


def _objects(reading: Reading) -> list[dict[str, Any]]:
    """Return the events that are objects."""
    values = (payload.value for _, payload in reading.payloads if payload.error is None)
    return [value for value in values if isinstance(value, dict)]


@decides("request.unknown-members")
@costs(2)
@independent()
def test_members_named_like_those_of_the_answer_are_ignored(target: Target) -> None:
    id_ = "request.unknown-members"
    plain = target.chat(target.plain(), label="a plain request")
    names = {*OWN, *(name for value in _objects(plain) for name in value)}
    body = target.plain().body()
    taken = sorted(names - set(target.places.members))
    for name in taken:
        body = with_member(body, json.dumps({name: FOREIGN}).encode()[1:-1])
    label = "a request with members named like those of the answer"
    reading = target.send(HttpRequest(body=body), label=label, observe=False)
    check(reading, id_)
    for value in _objects(reading):
        if shown := [name for name in taken if value.get(name) == FOREIGN]:
            message = f"the request's own member `{shown[0]}` takes the place of the answer's"
            received = json.dumps({shown[0]: FOREIGN})
            finding = Finding(id_, message, "the answer as without that member", received)
            raise Violation((finding, reading.exchange))
    target.ledger.observe_reading(reading)
