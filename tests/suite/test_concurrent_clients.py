"""What is recorded side by side is not counted against a request that waited for others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from streamchat_conformance.cases.test_payload_isolation import (
    test_streams_show_their_own_request_only as show_their_own,
)
from streamchat_conformance.catalogue import ECHO
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.recorder import Limits
from streamchat_conformance.recorder.endpoint import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.control import ControlServer, Steps
from streamchat_fixtures.control.settings import ControlSettings as ServerSettings
from streamchat_fixtures.variants import Change, Legal

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamchat_fixtures.control.turn import Turn

STREAM = ServerSettings(events=4, interval_s=0.2)
LIMITS = Limits(head_s=0.4, first_event_s=0.4)
"""Shorter than a stream, so that whoever waits for one waits too long."""


def one_at_a_time() -> Legal:
    slot = threading.Lock()

    def stream(before: Callable[[Turn], None], turn: Turn) -> None:
        with slot:
            before(turn)

    change = Change(Steps.stream.__name__, stream)
    return Legal(name="one-at-a-time", area="", sentence="", changes=(change,))


def test_a_stream_that_waits_for_others_has_no_late_first_event() -> None:
    with ControlServer([one_at_a_time()], settings=STREAM) as server:
        settings = Settings(url=server.endpoint, limits=LIMITS, capabilities={ECHO.name: True})
        target = Target(settings, Endpoint.from_url(server.endpoint), Ledger())
        target.baseline = Baseline(
            plain=ChatRequest("Hello", ["Hi"]), accepted=True, streams=True, echo=True, finite=True,
            duration_s=0.6, interval_s=0.2,
        )  # fmt: skip
        show_their_own(target)
    assert target.ledger.exchanges == 16
    assert not target.ledger.red("stream.first-event")
