"""What abandoned streams leave behind is reported once, and explains what starves from then on."""

from dataclasses import replace

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.suite.verdicts.causes import ABANDONED, ALIVE
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation

from .exchanges import chat, exchange, stream

UNANSWERED = Exchange(
    request=exchange(chat()).request,
    ending=Ending.TIMED_OUT,
    ended_at_s=10.0,
    limit="head_s=10",
    watched_s=10.0,
)
LATE = stream(3.0).exchange
BUSY = exchange(chat(), 503)


def leaking(evidence: Exchange) -> Ledger:
    """Return the ledger of a server that serves no stream as before once many were left."""
    ledger = Ledger()
    ledger.promptly_s = 1.0
    ledger.flag(Finding(ABANDONED, "not served", "a stream", ""), evidence)
    return ledger


@pytest.mark.parametrize("starved", [UNANSWERED, LATE])
@pytest.mark.parametrize("id_", ["connection.sequence", "resilience.concurrent", ALIVE])
def test_requests_that_starve_after_abandoned_streams_are_explained_by_them(
    starved: Exchange, id_: str
) -> None:
    ledger = leaking(UNANSWERED)
    assert ledger.explained_by_the_end(id_, [starved]) == ABANDONED
    ledger.flag(Finding(id_, "starved", "", ""), starved)
    with pytest.raises(Blocked, match=ABANDONED):
        ledger.verdict(id_)


def test_a_refusal_to_serve_is_explained_where_abandoned_streams_led_to_the_same() -> None:
    assert leaking(BUSY).explained_by_the_end("request.valid-accepted", [BUSY]) == ABANDONED
    assert not leaking(UNANSWERED).explained_by_the_end("request.valid-accepted", [BUSY])


def test_what_is_served_wrongly_is_not_explained_by_abandoned_streams() -> None:
    ledger = leaking(UNANSWERED)
    assert not ledger.explained_by_the_end("connection.sequence", [stream(0.1).exchange])
    assert not ledger.explained_by_the_end("connection.sequence", [UNANSWERED, exchange(b"[]")])


def test_abandoned_streams_do_not_explain_themselves() -> None:
    ledger = leaking(UNANSWERED)
    assert ledger.cause(ABANDONED) == ""
    with pytest.raises(Violation):
        ledger.verdict(ABANDONED)


def test_without_a_leak_nothing_is_explained_by_abandoned_streams() -> None:
    ledger = Ledger()
    assert ledger.end == ALIVE
    assert not ledger.explained_by_the_end("connection.sequence", [replace(UNANSWERED)])
