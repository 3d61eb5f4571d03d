"""A slow observation that finds the server full is made a little later."""

import pytest
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.target import overload as room
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

from .answering import BUSY, STREAM, answering


def test_a_declared_request_is_sent_again_while_the_server_is_full() -> None:
    with answering(lambda number: BUSY if number < 2 else STREAM) as target:
        reading = Observations(target).fault()
    assert reading.accepted
    assert [event.event.type for event in reading.events if event.event] == ["error"]


def test_a_server_that_stays_full_is_not_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE_S", 0.01)
    with (
        answering(lambda _: BUSY) as target,
        pytest.raises(NotApplicable, match="no room"),
    ):
        Observations(target).fault()
