"""A server that says "not now" is asked again for a while, and flagged for nothing."""

from dataclasses import replace

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.retries import Retries
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.scenarios.line_client import read_lines
from streamchat_conformance.suite.target.bounds import RunBounds
from streamchat_conformance.suite.target.overload import (
    NoRoom,
    admitted,
    asked_by,
    needs_room,
    rate_limited,
    require_room,
    with_room,
)
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

from .answering import BUSY as FULL
from .answering import STREAM, answering


def answered(status: int, *lines: str) -> Reading:
    head = "\r\n".join((f"HTTP/1.1 {status} X", *lines, "Content-Length: 0", "", ""))
    reads = (Read(0.0, head.encode()),)
    return Reading(Exchange(request=b"", reads=reads, ending=Ending.COMPLETE))


BUSY = answered(503, "Retry-After: 0")


class Waits(Retries):
    """Waiting that takes no time."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        super().__init__(self.pauses.append)


class Subject:
    """What a case is run on."""

    def __init__(self) -> None:
        self.bounds = RunBounds(Settings())
        self.bounds.retries = Waits()


@pytest.mark.parametrize(
    "reading",
    [
        BUSY,
        answered(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"),
        answered(429, "Retry-After: 9"),
    ],
)
def test_asking_again_ends_whatever_retry_after_says(reading: Reading) -> None:
    asked = []

    def attempt() -> None:
        asked.append(1)
        admitted(reading)

    with pytest.raises(NoRoom, match=rf"put the request off for too long \({reading.status}\)"):
        with_room(attempt, Waits())
    assert 2 <= len(asked) <= 11


@pytest.mark.parametrize("reading", [answered(200), answered(400), answered(503)])
def test_only_a_not_now_is_one(reading: Reading) -> None:
    assert admitted(reading) is reading


def test_the_line_clients_not_now_is_one() -> None:
    with answering(lambda number: FULL if number < 1 else STREAM) as target:
        with pytest.raises(NoRoom):
            read_lines(target, count=1)
        assert read_lines(target, count=1).count == 1


def test_a_case_begins_again_until_there_is_room() -> None:
    answers = [BUSY, BUSY, answered(200)]
    seen = []

    @needs_room
    def case(target: object) -> None:
        seen.append(target)
        admitted(answers[len(seen) - 1])

    subject = Subject()
    case(subject)
    assert seen == [subject] * 3


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([], None),
        (["Retry-After: 9"], 9.0),
        (["Retry-After: 0"], 0.0),
        (["Retry-After: 1", "retry-after-ms: 250"], 0.25),
        (["Retry-After: soon"], None),
        (["Retry-After: -1"], None),
        (["Retry-After: nan"], None),
        (["Retry-After: " + "9" * 400], None),
        (["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"], None),
        (
            [
                "Date: Sun, 06 Nov 1994 08:49:30 GMT",
                "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT",
            ],
            7.0,
        ),
        (["Date: x", "Retry-After: Sun, 99 Nov 1994 08:49:37 GMT"], None),
    ],
)
def test_what_a_server_asks_for_is_understood(lines: list[str], seconds: float | None) -> None:
    assert asked_by(answered(429, *lines)) == seconds


def pauses(retries: Waits, status: int, asked_s: float | None) -> list[float]:
    """Return the pauses of one request that is put off forever."""
    retries.pauses.clear()
    retry = retries.begin()
    for _ in range(1000):
        if not retry.again(status, asked_s):
            return list(retries.pauses)
    raise AssertionError("it never ends")


def test_a_limit_by_the_minute_is_waited_for() -> None:
    assert pauses(Waits(), 429, 37.0) == [37.0, 37.0, 1.0]
    assert pauses(Waits(), 429, 3600.0) == [60.0, 15.0]
    assert pauses(Waits(), 429, None) == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 12.0]
    assert pauses(Waits(), 503, 30.0) == [5.0, 5.0]


def test_waits_that_bring_nothing_become_short_until_one_brings_something() -> None:
    retries = Waits()
    assert sum(pauses(retries, 429, 60.0)) == 75.0
    assert sum(pauses(retries, 429, 60.0)) == 75.0
    assert sum(pauses(retries, 429, 60.0)) == 3.0
    retry = retries.begin()
    assert retry.again(429, 1.0)
    retry.served()
    assert sum(pauses(retries, 429, 60.0)) == 75.0


def test_a_server_that_serves_nothing_for_long_is_given_up_until_it_serves_something() -> None:
    now = [0.0]
    retries = Retries(lambda pause_s: now.__setitem__(0, now[0] + pause_s), lambda: now[0])

    def put_off() -> None:
        retry = retries.begin()
        while retry.again(503, 5.0):
            pass

    for _ in range(3):
        put_off()
        assert not retries.gives_up
    for _ in range(20):
        put_off()
    assert retries.gives_up
    waited_s = retries.waited_s
    put_off()
    assert retries.waited_s == waited_s < 75
    retries.revive()
    assert not retries.gives_up


def test_all_waits_of_a_run_have_a_bound() -> None:
    retries = Waits()
    for _ in range(100):
        retry = retries.begin()
        retry.again(429, 60.0)
        retry.served()
    assert retries.waited_s < 600 + 60 + 100
    assert retries.put_off == 100


@pytest.mark.parametrize(
    ("body", "limited"), [(b'{"prompt": "x", "history": []}', True), (b"{", False)]
)
def test_429_without_a_time_puts_off_what_may_be_served(body: bytes, limited: bool) -> None:
    head = (
        b"POST /api/stream-chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    exchange = replace(answered(429).exchange, request=head + body)
    assert rate_limited(Reading(exchange, "/api/stream-chat")) is limited


LIMITED = b"HTTP/1.1 429 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def test_a_server_that_puts_off_plain_requests_for_good_cannot_be_tested() -> None:
    with answering(lambda _: LIMITED) as target:
        target.bounds.retries = Waits()
        with pytest.raises(NotTestable, match="429") as raised:
            run_preflight(target)
    assert "--rate" in raised.value.hint
    assert target.bounds.retries.put_off == 7


@pytest.mark.parametrize("served", [False, True])
def test_a_server_without_room_for_any_plain_request_cannot_be_tested(served: bool) -> None:
    with answering(lambda _: STREAM if served else FULL) as target:
        target.baseline.accepted = served
        target.bounds.retries = Waits()
        target.bounds.retries.pause(9.0)
        if served:
            require_room(target)
            return
        with pytest.raises(NotTestable, match=r"503 .* after 9 s") as raised:
            require_room(target)
    assert "of its own" in raised.value.hint
    assert target.bounds.retries.put_off == 1


def test_a_server_that_was_waited_for_and_has_room_again_is_tested() -> None:
    with answering(lambda _: STREAM) as target:
        target.baseline.accepted = False
        target.bounds.retries = Waits()
        target.bounds.retries.pause(9.0)
        require_room(target)


REFUSED = b"HTTP/1.1 400 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        pytest.param([LIMITED, LIMITED, REFUSED], 400, id="plain-requests-get-it-too"),
        pytest.param([LIMITED, STREAM, REFUSED], 400, id="the-limit-ends-meanwhile"),
        pytest.param([LIMITED, STREAM] * 3, 429, id="it-is-said-again-and-again"),
    ],
)
def test_429_to_an_invalid_request_is_a_limit_unless_it_is_repeated_while_plain_ones_are_served(
    answers: list[bytes], status: int
) -> None:
    with answering(lambda number: answers[number]) as target:
        target.bounds.retries = Waits()
        assert target.post(b"{").status == status
