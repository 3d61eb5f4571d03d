"""One stream that is left open after its sentinel costs no later request its limit."""

import time

import pytest
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.scenarios.concurrency import StreamGroup
from streamchat_conformance.suite.target.confirming import REPEATS
from streamchat_conformance.suite.target.open_ends import HANGING_S
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.target.stop_conditions import Watched
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.dialects import faults_of, steps_of

DIALECT = dialect_named("openai")
PACE = ControlSettings(events=3, interval_s=0.001)
OPEN = "open-after-the-sentinel"
LONG_S = 60.0


def target_of(server: ControlServer) -> Target:
    endpoint = Endpoint.from_url(f"http://127.0.0.1:{server.port}", path=DIALECT.path)
    ledger = Ledger(path=endpoint.path, rules=rules_of(DIALECT.name))
    return Target(Settings(dialect=DIALECT), endpoint, ledger)


def test_the_first_stream_shows_that_streams_are_left_open_and_no_other_is_waited_for() -> None:
    faults = [faults_of("openai")[OPEN]]
    with ControlServer(faults, settings=PACE, steps=steps_of("openai")) as server:
        target = target_of(server)
        run_preflight(target)
        assert target.known.open_ends.seen == 1 + REPEATS
        assert target.ledger.red("openai.done-ends")
        began_at = time.monotonic()
        target.send(HttpRequest.chat(target.plain()), stop=Watched(LONG_S))
        StreamGroup.open(target, 2)
        assert time.monotonic() - began_at < HANGING_S


@pytest.mark.parametrize("stop_s", [0.0, LONG_S])
def test_a_stream_that_ends_is_read_to_its_end_and_costs_no_time(stop_s: float) -> None:
    with ControlServer(settings=PACE, steps=steps_of("openai")) as server:
        target = target_of(server)
        began_at = time.monotonic()
        run_preflight(target)
        reading = target.send(HttpRequest.chat(target.plain()), stop=Watched(stop_s))
        assert target.known.open_ends.seen == 0
        assert time.monotonic() - began_at < HANGING_S
    assert stop_s == 0.0 or reading.ended_well
