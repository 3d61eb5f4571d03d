"""A server that is gone is reported once, not for each request that it leaves unanswered."""

from dataclasses import replace

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.suite.verdicts.causes import ALIVE
from streamchat_conformance.suite.verdicts.ledger import Ledger, place

from .exchanges import chat, exchange

NOT_ALIVE = Finding(ALIVE, "the server no longer serves", "200", "nothing")


def unanswered(body: bytes) -> Exchange:
    request = exchange(body).request
    return Exchange(
        request=request, ending=Ending.TIMED_OUT, ended_at_s=10.0, limit="head_s=10", watched_s=10.0
    )


def gone(*before: Exchange) -> Ledger:
    """Return the ledger of a server that left requests unanswered, and was then found gone."""
    ledger = Ledger()
    for each in before:
        ledger.doubts.confirm(place(each))
        ledger.observe(each)
    ledger.flag(NOT_ALIVE, unanswered(chat()))
    ledger.gone = True
    return ledger


def test_what_was_left_unanswered_is_explained_by_the_end() -> None:
    ledger = gone(unanswered(chat()), unanswered(b"[]"))
    assert ledger.cause("stream.first-event") == ALIVE
    assert ledger.cause("request.never-5xx") == ALIVE


def test_the_request_that_may_have_been_the_end_is_not_explained_by_it() -> None:
    last, later = unanswered(b"[]"), replace(unanswered(b"[1]"), connection=2)
    ledger = Ledger()
    for each in (last, later):
        ledger.follow(ledger.observe(each))
    ledger.gone = True
    assert not ledger.explained_by_the_end("request.body-not-object", [last])
    assert ledger.explained_by_the_end("request.body-not-object", [later])


def test_what_was_answered_wrongly_is_not_explained_by_the_end() -> None:
    ledger = gone(exchange(b"[]", 500))
    assert ledger.cause("request.body-not-object") == ""


def test_the_end_does_not_explain_itself() -> None:
    assert gone().cause(ALIVE) == ""


def test_what_a_server_that_is_gone_leaves_unanswered_is_not_entered() -> None:
    ledger = gone()
    ledger.observe(unanswered(chat()))
    assert not ledger.red("stream.first-event")


def test_what_a_server_that_is_gone_still_answers_is_entered() -> None:
    ledger = gone()
    ledger.observe(exchange(b"[]", 500))
    assert ledger.red("request.never-5xx")


def test_a_server_that_came_back_has_its_silence_reported() -> None:
    ledger = gone(unanswered(chat()))
    ledger.gone = False
    assert ledger.cause("stream.first-event") == ""
