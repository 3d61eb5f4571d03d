"""After each hostile case: whether the server still serves a good request.

Sources: bugs A6 and A7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.chat.request import HttpRequest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.recorder import Connection, Until
from streamchat_conformance.recorder.until import any_of
from streamchat_conformance.recorder.until import head as until_head
from streamchat_conformance.suite.conditions import Answered
from streamchat_conformance.suite.outcomes import NotTestable

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target import Target

ID = "resilience.alive"


class Alive:
    """Sends a good request after each hostile case, and enters it when it is not served.

    Where that takes long the request is sent at once, and its answer awaited beside the next
    cases: `finish` waits for what is still to come.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._awaited: list[tuple[str, str]] = []
        """(what came before, the name of the background job), in the order of sending."""

    def check(self, after: str, *, wait: bool) -> None:
        """Send a good request, and judge its answer: now, or later if not `wait`."""
        target = self._target
        if not target.baseline.accepted or target.ledger.red(ID):
            return
        try:
            if wait:
                self._judge(after, self._send(after))
            else:
                self._start(after)
        except NotTestable as gone:
            self._accuse_gone(after, gone)

    def finish(self) -> None:
        """Judge the answers that were not waited for."""
        target = self._target
        awaited, self._awaited = self._awaited, []
        within_s = target.settings.limits.total_s + 5
        for after, job in awaited:
            try:
                exchange: Exchange = target.background.result(job, within_s=within_s)
                reading = target.ledger.read(exchange)
                # An overloaded server is asked again, as it is elsewhere.
                self._judge(after, self._send(after) if reading.overloaded else reading)
            except NotTestable as gone:
                self._accuse_gone(after, gone)

    def _send(self, after: str) -> Reading:
        request = HttpRequest.chat(self._target.plain())
        return self._target.send(request, stop=_answered(), label=_label(after), observe=False)

    def _start(self, after: str) -> None:
        """Send a good request; its answer is received in the background."""
        target = self._target
        data = target.encode(HttpRequest.chat(target.plain()))
        connection = target.connect()
        connection.send(data)
        job = f"alive {len(target.background)}"
        target.background.start(job, lambda: _receive(connection, data, _label(after)))
        self._awaited.append((after, job))

    def _judge(self, after: str, reading: Reading) -> None:
        if reading.accepted and not reading.closed:
            self._target.ledger.entries[ID].judged += 1
            return
        self._accuse(after, f"status {reading.status or 'none'}", reading.exchange)

    def _accuse_gone(self, after: str, gone: NotTestable) -> None:
        request = self._target.encode(HttpRequest.chat(self._target.plain()))
        self._accuse(after, gone.reason, Exchange(request=request, ending=Ending.CLOSED))

    def _accuse(self, after: str, received: str, exchange: Exchange) -> None:
        """Enter that the server no longer serves a good request."""
        finding = Finding(
            ID,
            f"the server no longer serves a good request after {after}",
            "200 and an event stream",
            received,
        )
        self._target.ledger.accuse(finding, exchange)


def _receive(connection: Connection, data: bytes, label: str) -> Exchange:
    try:
        return connection.receive(until=_answered(), request=data, label=label)
    finally:
        connection.close()


def _answered() -> Until:
    return any_of(until_head(), Answered())


def _label(after: str) -> str:
    return f"alive after {after}"
