"""What was late is asked for again: a busy machine is late once, a faulty server each time."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges.stream import WITH_OTHER_CLIENTS
from streamchat_conformance.suite.scenarios.keepalive import steadily
from streamchat_conformance.suite.target.confirming import NOTICED_S, REPEATS
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.doubts import ENOUGH
from streamchat_conformance.suite.verdicts.outcomes import Violation

from .exchanges import chat, exchange
from .late_server import LateTarget, late_where

FIRST_EVENT = "stream.first-event"


def ask(late: LateTarget) -> Ending:
    """Send a plain request as cases do, and return how its exchange ended."""
    target = late.target
    # What finds out whether the server lives is not under test.
    with target.probe.under_load():
        return target.send(HttpRequest.chat(target.plain())).exchange.ending


def test_an_answer_that_does_not_come_once_is_no_finding() -> None:
    with late_where(lambda number: number == 0) as late:
        assert ask(late) is Ending.COMPLETE
        assert len(late.served) == 2
        assert not late.target.ledger.red(FIRST_EVENT)
        assert late.target.bounds.timeouts.waits == 0


def test_an_answer_that_never_comes_is_a_finding_and_waited_for_no_more_often() -> None:
    with late_where(lambda _: True) as late:
        assert ask(late) is Ending.TIMED_OUT
        assert len(late.served) == 1 + REPEATS
        assert late.target.ledger.red(FIRST_EVENT)
        assert ask(late) is Ending.TIMED_OUT
        assert len(late.served) == 1 + REPEATS + 1


def test_what_is_late_again_and_again_is_a_finding_though_not_each_time() -> None:
    with late_where(lambda number: number % 2 == 0) as late:
        for _ in range(2):
            ask(late)
            assert not late.target.ledger.red(FIRST_EVENT)
        ask(late)
        assert late.target.ledger.red(FIRST_EVENT)


def test_answers_in_time_are_asked_for_once() -> None:
    with late_where(lambda _: False) as late:
        for _ in range(3):
            assert ask(late) is Ending.COMPLETE
        assert len(late.served) == 3


def test_what_is_late_next_to_other_clients_shows_nothing_of_the_server() -> None:
    waited = exchange(chat(), ending=Ending.TIMED_OUT, ended_at_s=10.0)
    silent = replace(waited, reads=(), limit="head_s=10")
    with late_where(lambda _: False) as late:
        ledger = late.target.ledger
        for connection in range(10):
            among = replace(silent, connection=connection + 1, notes=(WITH_OTHER_CLIENTS,))
            ledger.observe(among)
        assert not any(map(ledger.red, ledger.rules.judges))
        for connection in range(ENOUGH):
            ledger.observe(replace(silent, connection=connection + 20))
        assert ledger.red(FIRST_EVENT)


def failing(times: int, took_s: float) -> Callable[[], int]:
    """Return an attempt that fails so often before it returns, each time after `took_s`."""
    left = [times]

    def attempt() -> int:
        if left[0] == 0:
            return 7
        left[0] -= 1
        threading.Event().wait(took_s)
        raise Violation((Finding("connection.sequence", "closed"), None))

    return attempt


@pytest.fixture
def target() -> Target:
    with late_where(lambda _: False) as late:
        return late.target


def test_what_failed_after_a_while_is_done_again(target: Target) -> None:
    assert steadily(target, failing(REPEATS, NOTICED_S)) == 7


def test_what_failed_at_once_has_failed(target: Target) -> None:
    with pytest.raises(Violation):
        steadily(target, failing(1, 0.0))


def test_what_fails_each_time_has_failed(target: Target) -> None:
    with pytest.raises(Violation):
        steadily(target, failing(1 + REPEATS, NOTICED_S))
