"""A slow observation that finds the server full is made a little later."""

import pytest
from streamchat_conformance.suite.budget.retries import Retries
from streamchat_conformance.suite.scenarios.observations import (
    Observations,
    start_endless_observation,
)
from streamchat_conformance.suite.target.knowledge import MANY_STREAMS
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable

from .answering import BUSY, STREAM, answering
from .targets import prepared


def test_nothing_more_is_watched_of_a_server_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with prepared("one-event-alone") as target:
        monkeypatch.setattr(target.liveness, "gone", lambda: True)
        with pytest.raises(Blocked):
            Observations(target).pace()
        assert not target.background.started("pace")


def test_a_declared_request_is_sent_again_while_the_server_is_full() -> None:
    with answering(lambda number: BUSY if number < 2 else STREAM) as target:
        reading = Observations(target).fault()
    assert reading.accepted
    assert [event.event.type for event in reading.events if event.event] == ["error"]


def test_a_server_that_stays_full_is_not_flagged() -> None:
    with answering(lambda _: BUSY) as target:
        target.bounds.retries = Retries(wait=lambda _: None)
        with pytest.raises(NotApplicable, match="put the request off"):
            Observations(target).fault()


@pytest.mark.parametrize(
    ("finite", "room", "selected", "started"),
    [
        (False, MANY_STREAMS, "stream.gap", True),
        (True, MANY_STREAMS, "stream.gap", False),
        (False, CERTAIN_REQUESTS, "stream.gap", False),
        (False, MANY_STREAMS, "stream.incremental", False),
    ],
)
def test_an_endless_stream_is_watched_early_where_there_is_room_for_many(
    *, finite: bool, room: int, selected: str, started: bool
) -> None:
    with prepared("one-event-alone") as target:
        target.baseline.finite = finite
        target.known.room = room
        start_endless_observation(target, {selected})
        assert target.background.started("long") is started
        target.background.settle(within_s=10)
