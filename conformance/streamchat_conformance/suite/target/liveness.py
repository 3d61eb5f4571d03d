"""Liveness of the server: good requests after each hostile case, and where it hangs.

Sources: ggml-org/llama.cpp#7089 and ggml-org/llama.cpp#4492.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.recorder import UNLIMITED, Connection, Until
from streamchat_conformance.recorder.connection import next_number
from streamchat_conformance.recorder.errors import ConnectError
from streamchat_conformance.recorder.stop_conditions import any_of
from streamchat_conformance.recorder.stop_conditions import head as until_head
from streamchat_conformance.suite.target.live_target import LiveTarget
from streamchat_conformance.suite.target.liveness_probe import LivenessProbe
from streamchat_conformance.suite.target.machine import BUSY
from streamchat_conformance.suite.target.overload import rate_limited
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.verdicts.causes import ABANDONED, ALIVE
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotRun, NotTestable
from streamchat_conformance.suite.verdicts.overlapping import Disturbed

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading

GONE_FOR_GOOD = 3
"""How many cases in a row find a server gone before it is not asked again."""

STARTING_TRIES = 6
"""How often it is tried to connect to a server that may be starting again."""

STARTING_PAUSE_S = 0.5
"""The time between these tries (seconds)."""

ENDING_PAUSE_S = 0.02
"""How long a process that ends may still listen (seconds)."""

PROBE_S = 5.0
"""How long a good request is waited for at least that shows whether the server lives (seconds)."""

RECOVERY_S = 12.0
"""How long slots of streams that were left may take to come back (seconds)."""

MANY_LEFT = 40
"""How many streams that were left may have used up what serves them."""

UNPROVOKED = 40
"""How many good requests in a row show whether some fail by themselves."""

UNPROVOKED_S = 4.0
"""How long sending them may take (seconds)."""


class Liveness:
    """Sends a good request after each hostile case, and enters it when it is not served.

    Where that takes long the request is sent at once, and its answer awaited during the next
    cases: `finish` waits for what is still to come.
    """

    def __init__(self, target: LiveTarget) -> None:
        self.probe = LivenessProbe(self._answers)
        self._target = target
        self.restarts = False
        """Whether the server was started again after it had crashed."""
        self._crash = threading.Lock()
        self._found_gone = 0
        self._awaited: list[tuple[str, str]] = []
        """(what came before, the name of the background job), in the order of sending."""

    def check(self, after: str, *, wait: bool) -> None:
        """Send a good request, and judge its answer: now, or later if not `wait`."""
        target = self._target
        if not target.baseline.accepted or target.ledger.red(ALIVE):
            return
        try:
            if wait:
                busy = target.background.busy
                reading = self._send(after)
                # Where streams are open next to this one, "not now" is an answer.
                if not (reading.overloaded and busy):
                    self._judge(after, reading)
            else:
                self._start(after)
        except NotTestable as gone:
            self._flag_gone(after, gone)

    def require_served(self, after: str) -> None:
        """Raise Disturbed unless a good request is served, next to other cases."""
        if not self._target.baseline.accepted:
            return
        reading = self._send(after)
        if not reading.accepted:
            raise Disturbed(reading=reading)

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
                self._flag_gone(after, gone)

    def gone(self) -> bool:
        """Return whether the server stopped serving in this run, and still does not serve.

        What is asked of it then shows only that again.
        """
        target = self._target
        if not target.baseline.accepted or not any(map(target.ledger.red, (ALIVE, ABANDONED))):
            return False
        gone = self.probe.stopped()
        if not gone:
            if self._found_gone < GONE_FOR_GOOD:
                self._found_gone = 0 if self.serves() else self._found_gone + 1
            gone = self._found_gone > 0
        target.ledger.note_gone(gone)
        return gone

    def serves(self) -> bool:
        """Return whether a good request is served, by a server that may be starting again."""
        for _ in range(STARTING_TRIES):
            try:
                reading = self._ask("is it gone?")
            except NotTestable:
                pass
            except Blocked:
                return False
            else:
                # Silence means that it is up, and will not serve the next request either.
                if reading.accepted or not reading.closed:
                    return reading.accepted or rate_limited(reading)
            self._target.pause(STARTING_PAUSE_S)
        return False

    def note(self, reading: Reading) -> None:
        """Take note of an exchange: where it was not answered at all, ask whether any is."""
        exchange = reading.exchange
        if exchange.ending is Ending.TIMED_OUT and not exchange.reads:
            self.doubt(exchange)

        elif reading.closed and not reading.response.complete:
            self._look_for_crash(exchange)

    def _look_for_crash(self, exchange: Exchange) -> None:
        """Find out whether a request that was not answered whole ended the server's process.

        Then nothing listens any more, until a supervisor has started it again. Others that were
        under way were not answered either: what brings a server down does so every time.
        """
        target = self._target
        if not target.known.has_baseline or not target.baseline.accepted:
            return
        ledger = target.ledger
        with self._crash:
            if not ledger.before_crash(exchange):
                if self._listens():
                    # A process that ends may close its connections before its listening socket.
                    target.pause(ENDING_PAUSE_S)
                    if self._listens():
                        return
                self._note_crash()
            if ledger.red(ALIVE) and not self.restarts:
                return
            if self.restarts and not self._crashes_again(exchange):
                return
            ledger.suspect(exchange)
            if not ledger.red(ALIVE):
                self._flag(exchange.label or "a request", "its process ended", exchange)

    def _note_crash(self) -> None:
        """Take note that the server's process has ended, and wait until it is started again."""
        ledger = self._target.ledger
        ledger.note_crash(next_number())
        self.restarts = self.await_start()
        ledger.note_gone(not self.restarts)

    def _crashes_again(self, exchange: Exchange) -> bool:
        """Return whether the same request brings the server down again."""
        try:
            with Connection.open(self._target.endpoint, self._target.limits) as connection:
                again = connection.exchange(exchange.request, until=_answered(), label="again")
        except (ConnectError, NotRun):
            return False
        if again.ending not in (Ending.CLOSED, Ending.RESET):
            return False
        self._target.pause(ENDING_PAUSE_S)
        if self._listens():
            return False
        self._note_crash()
        return True

    def _listens(self) -> bool:
        """Return whether a connection is accepted."""
        # Nothing is sent on it: it is no request.
        endpoint = replace(self._target.endpoint, admission=UNLIMITED)
        try:
            Connection.open(endpoint, self._target.limits).close()
        except ConnectError:
            return False
        return True

    def await_start(self) -> bool:
        """Wait a while for a server that does not listen; return whether it does."""
        for _ in range(STARTING_TRIES):
            if self._listens():
                return True
            self._target.pause(STARTING_PAUSE_S)
        return self._listens()

    def doubt(self, exchange: Exchange) -> None:
        """Find out whether the server lives, after an exchange without any answer.

        Where nothing more may be sent, it is taken to live.
        """
        target = self._target
        # A server that serves one at a time is not dead while it serves somebody else.
        if not target.baseline.accepted or target.serial:
            return
        try:
            dead = self.probe.doubt(exchange)
        except NotRun:
            return
        if dead:
            target.ledger.note_gone(True)
            if self._starved_by_abandoned(exchange):
                self.flag_abandoned("no answer", exchange)
            else:
                self._flag(exchange.label or "a request", "no answer", exchange)

    def _starved_by_abandoned(self, exchange: Exchange) -> bool:
        """Return whether clients that left are all that can have ended what serves streams.

        Nothing else happened before the first case; later many have left, and the request is of
        a kind that was served before.
        """
        ledger = self._target.ledger
        if self._target.known.peaceful:
            return ledger.left > 0
        asked = ledger.read(exchange).asked
        return (
            ledger.left >= MANY_LEFT
            and asked.expectation is Expectation.ACCEPT
            and all(map(ledger.sound, asked.involved))
            and not exchange.label.startswith(_label(""))
        )

    def flag_abandoned(self, received: str, exchange: Exchange) -> None:
        """Enter that a good request is no longer served after streams were abandoned."""
        ledger = self._target.ledger
        message = f"after {ledger.left} abandoned streams a good request is not served any more"
        finding = Finding(ABANDONED, message, "200 and an event stream", received)
        ledger.flag(finding, exchange)
        self.await_recovery(exchange)

    def await_recovery(self, exchange: Exchange) -> None:
        """Wait a while until good requests are served again; give the server up if they are not."""
        target = self._target
        ends_at = time.monotonic() + RECOVERY_S
        while not self._answers(PROBE_S):
            if time.monotonic() >= ends_at:
                self.probe.give_up(exchange)
                target.ledger.note_gone(True)
                return
            target.pause(STARTING_PAUSE_S)

    def _answers(self, wait_s: float | None) -> bool:
        """Return whether a good request is answered by anything (see `LivenessProbe`)."""
        target = self._target
        limits = target.limits
        if wait_s is None:
            # What is answered at all, is answered in a fraction of the limit.
            baseline_s = max(PROBE_S, 5 * target.known.first_event_s)
            limits = replace(limits, head_s=min(limits.head_s, baseline_s))
        else:
            limits = replace(limits, connect_s=wait_s, head_s=wait_s)
        data = target.encode(HttpRequest.chat(target.plain()))
        try:
            with Connection.open(target.endpoint, limits) as connection:
                label = "whether the server answers"
                return bool(connection.exchange(data, until=until_head(), label=label).reads)
        except ConnectError:
            return False

    def _send(self, after: str) -> Reading:
        return self._ask(_label(after))

    def _ask(self, label: str) -> Reading:
        """Send a good request, and return the reading of its answer, not entered."""
        request = HttpRequest.chat(self._target.plain())
        return self._target.send(
            request, stop=_answered(), label=label, observe=False, confirm=False
        )

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
        if rate_limited(reading):
            # It is up; how many requests it takes in a minute is its own choice.
            return
        if reading.status >= 500 and not reading.overloaded and self._fails_unprovoked():
            # Such internal errors are those of request.never-5xx, whatever came before.
            self._target.ledger.observe_reading(reading)
            self._target.ledger.count_sound(ALIVE)
            return
        if reading.accepted and not reading.closed:
            self._target.ledger.count_sound(ALIVE)
            return
        if not reading.exchange.reads and self._target.slowdown() >= BUSY:
            # A server that is held up answers the next one.
            reading = self._send(after)
            if reading.accepted and not reading.closed:
                self._target.ledger.count_sound(ALIVE)
                return
        self._flag(after, f"status {reading.status or 'none'}", reading.exchange)

    def _fails_unprovoked(self) -> bool:
        """Return whether good requests now and then draw internal errors, no hostile one before.

        A server that is done for fails all of them.
        """
        ends_at = time.monotonic() + UNPROVOKED_S
        failed, count = 0, 0
        with suppress(NotRun):
            while count < UNPROVOKED and time.monotonic() < ends_at:
                failed += self._ask("a good request, and nothing hostile before it").status >= 500
                count += 1
        return 0 < failed < count

    def _flag_gone(self, after: str, gone: NotTestable) -> None:
        request = self._target.encode(HttpRequest.chat(self._target.plain()))
        self._flag(after, gone.reason, Exchange(request=request, ending=Ending.CLOSED))

    def _flag(self, after: str, received: str, exchange: Exchange) -> None:
        """Enter that the server no longer serves a good request."""
        finding = Finding(
            ALIVE,
            f"the server no longer serves a good request after {after}",
            "200 and an event stream",
            received,
        )
        self._target.ledger.flag(finding, exchange)


def _receive(connection: Connection, data: bytes, label: str) -> Exchange:
    try:
        return connection.receive(until=_answered(), request=data, label=label)
    finally:
        connection.close()


def _answered() -> Until:
    return any_of(until_head(), Answered())


def _label(after: str) -> str:
    return f"alive after {after}"
