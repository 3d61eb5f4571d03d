"""The ledger of a run whose server is a process of ours: it notices when the process dies."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.gate.command import DEATH_LAG_S, TargetCommand
from streamchat_conformance.suite.verdicts.causes import ALIVE
from streamchat_conformance.suite.verdicts.ledger import Ledger

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading, Rules

REMEMBERED = 32
"""How many exchanges are kept, the latest: the fatal one is among them."""


class WatchfulLedger(Ledger):
    """Enters the end of the process under `resilience.alive`, with the request before it."""

    def __init__(
        self,
        command: TargetCommand,
        *,
        path: str | None = None,
        gap_limit_s: float = 15.0,
        rules: Rules | None = None,
    ) -> None:
        super().__init__(path=path, gap_limit_s=gap_limit_s, rules=rules)
        self._command = command
        self._latest: deque[tuple[float, Reading]] = deque(maxlen=REMEMBERED)
        self._entered = False

    def read(self, exchange: Exchange) -> Reading:
        """Return the reading of an exchange, and remember it."""
        reading = super().read(exchange)
        self._latest.append((time.monotonic(), reading))
        return reading

    def red(self, id_: str) -> bool:
        """Return whether a requirement was broken so far."""
        if id_ == ALIVE:
            self.enter_death()
        return super().red(id_)

    def flag(self, finding: Finding, exchange: Exchange) -> None:
        """Enter a finding that a case made by itself, or the process's end that explains it."""
        if finding.requirement == ALIVE:
            self._command.await_death()
            if self.enter_death():
                return
        super().flag(finding, exchange)

    def enter_death(self) -> bool:
        """Enter the process's end, if it has ended by itself; return whether it has."""
        died = self._command.died
        if died and not self._entered:
            self._entered = True
            exchange = self.fatal()
            super().flag(death(died, exchange, self._command.output()), exchange)
        return bool(died)

    def fatal(self) -> Exchange:
        """Return the exchange after which the process ended, as far as is known.

        That is the first one left unanswered from shortly before the end was seen, or else the
        last one before it.
        """
        ended_at_s = self._command.ended_at_s or time.monotonic()
        latest = list(self._latest)
        for at_s, reading in latest:
            if at_s >= ended_at_s - DEATH_LAG_S and _cut(reading):
                return reading.exchange
        before = [reading for at_s, reading in latest if at_s <= ended_at_s + DEATH_LAG_S]
        return before[-1].exchange if before else Exchange(b"", ending=Ending.CLOSED)


def _cut(reading: Reading) -> bool:
    """Return whether the connection ended before the answer did."""
    return reading.closed and not reading.ended_well


def death(died: str, exchange: Exchange, output: list[str]) -> Finding:
    """Return the finding that a server's process ended in mid-run."""
    after = exchange.label or repr(exchange.request.partition(b"\r\n")[0].decode("latin-1"))
    return Finding(
        ALIVE,
        f"the server's process ended in mid-run ({died}) after this request: {after}",
        "a process that runs until it is asked to end",
        " | ".join(output[-3:]) or "no output",
    )
