"""How long a refusal may take has a limit of its own."""

import json
from dataclasses import replace

import pytest
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading, rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.deploying import deployment_of
from streamchat_conformance.suite.config.settings import Settings, with_limits
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.dialects import faults_of, steps_of

DIALECT = dialect_named("openai")
UNANSWERED = "messages-of-text-unanswered"


def asked(messages: object, *, target: dict[str, object], **limits: float) -> Reading:
    """Return the answer of a server that does not answer where `messages` is a string."""
    settings = Settings(dialect=DIALECT).deployed(deployment_of(target, {}))
    settings = with_limits(settings, limits)
    faults = [faults_of("openai")[UNANSWERED]]
    with ControlServer(faults, steps=steps_of("openai")) as server:
        endpoint = Endpoint.from_url(f"http://127.0.0.1:{server.port}", path=DIALECT.path)
        ledger = Ledger(path=endpoint.path, rules=rules_of(DIALECT.name))
        subject = Target(replace(settings, url=endpoint.url), endpoint, ledger)
        plain = settings.dialect.requests.plain[0]
        subject.baseline = Baseline(plain, accepted=True, streams=True)
        members = {"model": "m", "messages": messages, "stream": True}
        return subject.post(json.dumps(members).encode())


@pytest.mark.parametrize(
    ("target", "limit_s", "seen"),
    [
        ({"refusal_limit_s": 0.3}, 60.0, "head_s=0.3"),
        ({}, 0.4, "head_s=0.4"),
    ],
)
def test_a_refusal_is_waited_for_as_long_as_is_said(
    target: dict[str, object], limit_s: float, seen: str
) -> None:
    reading = asked("Hello", target=target, first_event_s=limit_s)
    assert reading.exchange.limit == seen


def test_an_answer_may_take_longer_than_a_refusal() -> None:
    messages = [{"role": "user", "content": "Hello"}]
    reading = asked(messages, target={"refusal_limit_s": 0.000_001}, first_event_s=60.0)
    assert reading.accepted
