"""A server that puts off every valid request for good: reported once, and not asked on and on.

"Not now" (503 or 429 with Retry-After) is an answer while others hold what there is. Where nobody
does, and no valid request is served however long is waited, the server has ended: the rest of the
run would be waiting (`Retries.gives_up`).
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import Connection
from streamchat_conformance.recorder.errors import ConnectError
from streamchat_conformance.recorder.stop_conditions import head as until_head
from streamchat_conformance.suite.verdicts.causes import ALIVE
from streamchat_conformance.suite.verdicts.outcomes import Blocked
from streamchat_conformance.suite.verdicts.overlapping import overlaps

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.live_target import LiveTarget

LOOK_AGAIN_S: Final = 10.0
"""How long a server that was given up is left alone before it is asked again (seconds)."""


class GivenUp:
    """Finds out whether a target that puts requests off still serves anybody."""

    def __init__(self, target: LiveTarget) -> None:
        self._target = target
        self._looked_s = -math.inf
        self._lock = threading.Lock()

    def require_room(self) -> None:
        """Raise Blocked where every valid request has been put off for long enough."""
        target = self._target
        if not target.bounds.retries.gives_up or not target.baseline.accepted:
            return
        # What the suite itself holds open may be all the room there is.
        if overlaps() or target.background.busy:
            return
        with self._lock:
            if time.monotonic() - self._looked_s >= LOOK_AGAIN_S:
                self._looked_s = time.monotonic()
                reading = self._ask()
                if reading is None or not reading.overloaded:
                    target.bounds.retries.revive()
                    return
                self._report(reading)
        raise Blocked(target.ledger.end, "the server puts off every valid request")

    def _ask(self) -> Reading | None:
        """Return the answer to a good request; None where nothing listens."""
        target = self._target
        data = target.encode(HttpRequest.chat(target.plain()))
        try:
            with Connection.open(target.endpoint, target.limits) as connection:
                label = "whether there is room at last"
                return target.ledger.read(
                    connection.exchange(data, until=until_head(), label=label)
                )
        except ConnectError:
            return None

    def _report(self, reading: Reading) -> None:
        ledger = self._target.ledger
        if not ledger.red(ALIVE):
            message = "the server puts off every valid request, although no stream is open"
            finding = Finding(ALIVE, message, "200 and an event stream", answer(reading))
            ledger.flag(finding, reading.exchange)
        ledger.note_gone(True)
