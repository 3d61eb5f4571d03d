"""A server that puts off every valid request for good is reported, and not asked on and on."""

import pytest
from streamchat_conformance.suite.budget.retries import Retries
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import Blocked

from .answering import BUSY, STREAM, answering

ALIVE = "resilience.alive"


def give_up(target: Target) -> Retries:
    """Let waits have brought nothing for long."""
    now = [0.0]
    retries = Retries(lambda _: None, lambda: now[0])
    for _ in range(8):
        retries.note(served=False)
    now[0] = 100.0
    assert retries.gives_up
    target.bounds.retries = retries
    return retries


def test_a_server_that_puts_everybody_off_is_reported_once_and_asked_no_more() -> None:
    asked: list[int] = []

    def busy(number: int) -> bytes:
        asked.append(number)
        return BUSY

    with answering(busy) as target:
        give_up(target)
        for _ in range(3):
            with pytest.raises(Blocked, match="puts off every valid request") as raised:
                target.chat(target.plain())
            assert raised.value.cause == ALIVE
        assert target.ledger.entries[ALIVE].failed == 1
        assert target.ledger.gone
    assert asked == [0]


def test_a_server_that_serves_again_is_asked_on() -> None:
    with answering(lambda _: STREAM) as target:
        retries = give_up(target)
        assert target.chat(target.plain()).accepted
        assert not target.ledger.red(ALIVE)
        assert not retries.gives_up
