"""What a connection does to a request it does every time; an internal error may come by chance."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.suite.scenarios.keepalive import steadily
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import Violation

from .exchanges import chat, exchange


class Attempts:
    """Attempts that end in a violation, one for each exchange, and then succeed."""

    def __init__(self, *failing: Exchange) -> None:
        self.failing = list(failing)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.failing:
            finding = Finding("connection.sequence", "no answer of its own", "its own", "another's")
            raise Violation((finding, self.failing.pop(0)))
        return "served"


def target() -> Any:
    return SimpleNamespace(ledger=Ledger())


def test_an_internal_error_that_does_not_come_again_is_reported_as_one() -> None:
    seen = target()
    assert steadily(seen, Attempts(exchange(chat(), 500))) == "served"
    assert seen.ledger.red("request.never-5xx")


def test_an_internal_error_that_comes_again_is_the_connections() -> None:
    seen, attempts = target(), Attempts(exchange(chat(), 500), exchange(chat(), 500))
    with pytest.raises(Violation):
        steadily(seen, attempts)
    assert attempts.made == 2
    assert not seen.ledger.red("request.never-5xx")


def test_anything_else_is_not_tried_again() -> None:
    attempts = Attempts(exchange(chat(), 400))
    with pytest.raises(Violation):
        steadily(target(), attempts)
    assert attempts.made == 1
