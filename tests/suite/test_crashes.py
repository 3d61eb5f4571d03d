"""A request that ends the server's process is named, and not those that were under way."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.recorder import Endpoint, until
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

SERVER = Path(__file__).with_name("crashing_server.py")
STOP_LIMIT_S = 20.0
CRASHING = HttpRequest.chat(ChatRequest(1, []))


@contextmanager
def crashing(started: str) -> Iterator[Target]:
    """Yield a target with a baseline that crashes, and is started again or never."""
    with subprocess.Popen(
        [sys.executable, str(SERVER), started], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            endpoint = Endpoint.from_url(url, path="/api/stream-chat")
            target = Target(Settings(), endpoint, Ledger(path=endpoint.path))
            run_preflight(target)
            yield target
        finally:
            process.terminate()
            process.wait(STOP_LIMIT_S)


def named(target: Target, id_: str) -> set[bytes]:
    """Return the requests that a requirement's findings name."""
    return {exchange.request for _, exchange in target.ledger.entries[id_].findings}


@pytest.mark.parametrize("started", ["again", "never"])
def test_the_request_that_crashes_a_server_is_named_and_no_other(started: str) -> None:
    with crashing(started) as target:
        plain = target.encode(HttpRequest.chat(target.plain()))
        with target.connect() as other:
            other.send(plain)
            another = other.receive(until=until.any_of(Answered(1)), request=plain)
            assert another.reads
            target.send(CRASHING, label="a number as prompt")
        crash = {target.encode(CRASHING)}
        assert named(target, "resilience.alive") == named(target, "request.never-5xx") == crash
        assert target.ledger.cause("request.never-5xx") == ""
        assert target.ledger.gone is (started == "never")


def test_a_stream_that_a_crash_cut_is_explained_by_it() -> None:
    with crashing("again") as target:
        plain = target.encode(HttpRequest.chat(target.plain()))
        with target.connect() as other:
            other.send(plain)
            target.send(CRASHING, label="a number as prompt")
            cut = other.receive(until=Answered(whole=True), request=plain)
        reading = target.ledger.observe(cut)
        if not reading.response.complete:
            assert not target.ledger.red("transport.terminated")
            assert target.ledger.explained_by_the_end("transport.terminated", [cut])


def test_a_server_that_was_started_again_is_judged_on() -> None:
    with crashing("again") as target:
        target.send(CRASHING)
        assert target.chat(target.plain()).accepted
        target.send(CRASHING)
        assert target.chat(target.plain()).accepted
        assert target.ledger.entries["resilience.alive"].failed == 1


def test_a_server_that_is_never_started_again_is_gone() -> None:
    with crashing("never") as target:
        target.send(CRASHING)
        with pytest.raises(NotTestable):
            target.chat(target.plain())


def test_an_unrelated_request_whose_replay_is_answered_is_not_named() -> None:
    with crashing("again") as target:
        target.send(CRASHING)
        plain = target.encode(HttpRequest.chat(target.plain()))
        unrelated = target.chat(target.plain())
        assert unrelated.exchange.request == plain
        assert not target.liveness._crashes_again(unrelated.exchange)
