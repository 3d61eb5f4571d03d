"""Shared parts of the connection cases: requests with distinct answers, announced closes."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from streamchat_conformance.catalogue import ECHO
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.fields import directives, tokens
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Connection, Until
from streamchat_conformance.suite.budget.retries import LIMITED
from streamchat_conformance.suite.target.confirming import NOTICED_S, REPEATS
from streamchat_conformance.suite.target.overload import admitted, with_room
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlaps

T = TypeVar("T")


def served_alone(target: Target, request: HttpRequest) -> bool:
    """Return whether a request has its expected outcome here when it comes alone.

    Only such requests show anything about a connection: what goes wrong with another one there
    goes wrong everywhere, and has its own requirement. Each is tried once. What is served next to
    others is served alone, too.
    """
    data = target.encode(request)
    if data not in target.known.served_alone:
        reading = target.send(data, label="alone, to know what it gets")
        to_refuse = reading.asked.expectation is Expectation.REFUSE
        served = reading.refused if to_refuse else reading.accepted
        served = served and not mismatch(target, reading)
        if not served and overlaps():
            raise Disturbed
        target.known.served_alone[data] = served
    return target.known.served_alone[data]


def refusable(target: Target) -> list[HttpRequest]:
    """Return the requests to refuse that this target does refuse.

    Raises Blocked when there are none, naming the cause.
    """
    requests = target.dialect.requests.refusable
    sound = [request for request in requests if served_alone(target, request)]
    if not sound:
        raise Blocked(refusal_cause(target), "nothing was refused as it should be")
    return sound


def refusal_cause(target: Target) -> str:
    """Return the requirement that is red when refusals are not what they should be."""
    for id_ in ("error.not-streamed", "error.delimited", "request.prompt-missing"):
        if target.ledger.red(id_):
            return id_
    return "error.delimited"


def steadily(target: Target, attempt: Callable[[], T]) -> T:
    """Return what an attempt returns, or another one where the first may have failed by chance.

    What a connection does to a request, it does every time. An internal error that does not
    come again is not the connection's: it is entered, so that request.never-5xx reports it. Nor is
    what a busy machine may have held up.
    """
    began_at = time.monotonic()
    try:
        return attempt()
    except Violation as failure:
        exchange = failure.findings[0][1]
        failed = exchange is not None and target.ledger.read(exchange).status >= 500
        if not failed and time.monotonic() - began_at < NOTICED_S:
            raise
    for _ in range(0 if failed else REPEATS - 1):
        with suppress(Violation):
            return attempt()
    result = attempt()
    if failed and exchange is not None:
        target.ledger.observe(exchange)
    return result


def pairs(target: Target) -> Iterator[tuple[HttpRequest, HttpRequest]]:
    """Yield two requests to refuse that are pipelined together."""
    requests = target.dialect.requests.refusable
    for number, request in enumerate(requests):
        yield request, requests[(number + 1) % 2]


def pipelined(
    target: Target, requests: Sequence[HttpRequest], *, whole: bool = False
) -> tuple[str, Reading | None]:
    """Send requests together on a new connection.

    Return what is wrong with their answers and the one it shows in, or an empty string. A server
    may close after any of them.
    """
    sent = [target.encode(request) for request in requests]
    with target.connect() as connection:
        connection.send(b"".join(sent), requests=len(sent))
        for data in sent:
            stop = Answered(whole=whole)
            reading = target.record(connection, data, stop, "pipelined", receive=True)
            if reading.head is None:
                if reading.closed:
                    break
                message = "a pipelined request was neither answered nor the connection closed"
                return message, reading
            if problem := mismatch(target, reading):
                return problem, reading
            if not reading.response.complete:
                break
    return "", None


def says_close(reading: Reading) -> bool:
    """Return whether the response announces the connection's end (RFC 9112 section 9.3).

    It says close, or it is HTTP/1.0 and does not say keep-alive.
    """
    head = reading.head
    if head is None:
        return False
    options = tokens(head.values("connection"))
    if "close" in options:
        return True
    return head.version == "HTTP/1.0" and "keep-alive" not in options


def announced_idle_s(reading: Reading) -> int | None:
    """Return how long the server says that it keeps an idle connection (seconds), or None.

    `Keep-Alive: timeout=5` is in no standard but in much use, its parameters written like
    directives: names in any case, values quoted or not.
    """
    if reading.head is None:
        return None
    timeout = directives(reading.head.values("keep-alive")).get("timeout") or ""
    found = re.match(r"[0-9]{1,9}", timeout)
    return int(found[0]) if found else None


def mismatch(target: Target, reading: Reading) -> str:
    """Return how an answer cannot belong to its request, or an empty string.

    Without knowing the server's mind only this is certain: what kind of answer it is; with
    an echo, whose text it carries; and of refusals, the text that this target gave before.
    """
    asked = reading.asked
    if reading.head is None:
        return "what came is no response" if reading.exchange.reads else ""
    if reading.overloaded or reading.barred:
        return ""
    if any(deviation.code == "leading-empty-line" for deviation in reading.response.deviations):
        return "what came is no clean response: bytes of another one stand before it"
    if asked.expectation is Expectation.ACCEPT and not reading.accepted:
        if target.baseline.accepted:
            return f"a valid request got {reading.status}"
        return ""
    if asked.expectation is Expectation.REFUSE:
        if not reading.refused and asked.row in target.known.refused_rows:
            return f"an invalid request got {reading.status}"
        return _foreign_text(target, reading)
    if target.has(ECHO):
        return _foreign_echo(target, reading)
    return ""


def keeps(connection: Connection, reading: Reading) -> bool:
    """Return whether a connection serves on behind an answer, as far as that can be seen."""
    return reading.response.complete and not says_close(reading) and connection.is_open()


def spoils_the_next(target: Target, first: HttpRequest, stop: Until) -> bool:
    """Return whether the plain request is answered wrongly behind a request on its connection.

    `stop` is how far the answer to the first one is read.
    """
    with target.connect() as connection:
        reading = target.record(connection, target.encode(first), stop, "before another one")
        return keeps(connection, reading) and bool(mismatch(target, plain_next(target, connection)))


def plain_next(target: Target, connection: Connection) -> Reading:
    """Return the answer to the plain request on a connection that has served another one."""
    data = target.encode(HttpRequest.chat(target.plain()))
    return target.record(connection, data, Answered(), "the request after it")


def _foreign_text(target: Target, reading: Reading) -> str:
    text, typical = reading.error_text, target.known.typical_texts.get(reading.asked.row)
    others = {
        known for row, known in target.known.typical_texts.items() if row != reading.asked.row
    }
    if text is not None and typical is not None and text != typical and text in others:
        return f"the refusal has another request's words: {text[:80]!r}"
    return ""


def _foreign_echo(target: Target, reading: Reading) -> str:
    """Return whose text an echo shows, or an empty string."""
    # A text that nobody sent has its own requirement.
    for echo in reading.content.echoes:
        for name, received in echo.items():
            foreign = isinstance(received, str) and received in target.ledger.sent_texts
            if foreign and received != reading.asked.values.get(name):
                shown = f"its {name} is {received[:80]!r}"
                return f"the stream belongs to another request: {shown}"
    return ""


def collect_texts(target: Target) -> None:
    """Collect this target's own text for each kind of refusal, each on a connection of its own."""
    for request in target.dialect.requests.refusable:
        data = target.encode(request)
        reading = target.send(data, label="a refusal, to know its text")
        target.known.served_alone[data] = reading.refused
        text = reading.error_text
        if reading.refused:
            target.known.refused_rows.add(reading.asked.row)
        if text is not None:
            target.known.typical_texts[reading.asked.row] = text


class Idle:
    """A refusal, a pause, and the next request on the same connection; made in the background."""

    IDLE_S = 2.2
    """A little more than 2 s: one that closes after just that time is not left to chance."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def start(self) -> None:
        """Begin, unless it was begun before."""
        self._target.background.start(
            "idle", lambda: with_room(self._work, self._target.bounds.retries)
        )

    def result(self) -> tuple[Reading, Reading | None]:
        """Return the first answer and the second one (None: closed meanwhile)."""
        self.start()
        target = self._target
        within_s = self.IDLE_S + 2 * target.settings.limits.total_s + LIMITED.total_s
        first, second = target.background.result("idle", within_s=within_s)
        reading = target.ledger.read(second) if second is not None else None
        return target.ledger.read(first), reading

    def _work(self) -> object:
        target = self._target
        requests = refusable(target)[:2]
        with target.connect() as connection:
            first = connection.exchange(
                target.encode(requests[0]), until=Answered(), label="before the pause"
            )
            admitted(target.ledger.read(first))
            threading.Event().wait(self.IDLE_S)
            if not connection.is_open():
                return first, None
            second = connection.exchange(
                target.encode(requests[-1]), until=Answered(), label="after 2 s of silence"
            )
            admitted(target.ledger.read(second))
            return first, second
