"""declared: each requirement that follows from the declaration."""

from __future__ import annotations

import pytest

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.declared.requests import declared_body_of, wrong_requests
from streamchat_conformance.judges import rules_of
from streamchat_conformance.plugin.configure import checked_settings
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check, verdict

WITHIN_S = 20.0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case for each requirement of the file."""
    rules = rules_of(checked_settings(metafunc.config).dialect.name)
    declaration = rules.dialect.declaration
    area = f"{getattr(declaration, 'name', '')}."
    metafunc.parametrize("judged_id", [id_ for id_ in rules.judges if id_.startswith(area)])


def _send_wrong(target: Target) -> None:
    for body in wrong_requests(declared_body_of(target.plain())):
        target.post(body, label="a request without what is required")


def _send_unknown(target: Target) -> None:
    plain = declared_body_of(target.plain())
    members = (*plain.members, ("streamchatUnknown", "value"))
    body = type(plain)(plain.form, plain.prompt, plain.turns, plain.model, members)
    target.chat(body, label="an unknown member")


def _send_history(target: Target) -> None:
    body = target.dialect.requests.recalling(target.plain(), "Hi")
    check(target.chat(body, label="a history"), target.dialect.plain_row)


def _send_whole(target: Target) -> None:
    target.require_stream()
    target.send(
        HttpRequest.chat(target.plain()),
        stop=Answered(whole=True, within_s=WITHIN_S),
        label="a plain request",
    )


def test_a_server_keeps_its_declaration(target: Target, judged_id: str) -> None:
    row = judged_id.partition(".")[2]
    if row in ("required", "refusal"):
        _send_wrong(target)
        target.post(b"{", label="no JSON")
    elif row == "unknown-members":
        _send_unknown(target)
    elif row == "accepted":
        _send_history(target)
    elif row == "failed-event":
        for capability in target.ledger.rules.catalogue[judged_id].needs:
            target.require(capability)
        check(Observations(target).fault(), judged_id)
        return
    else:
        _send_whole(target)
    verdict(target, judged_id)
