"""The watch over open readings: limits on silence, live folding, and the generator itself.

One greenlet looks at all readings a few times a second. That is cheaper than a timer for each
`recv`, and a limit of seconds needs no finer clock.
"""

from __future__ import annotations

import os
import socket
import time
from time import perf_counter
from typing import TYPE_CHECKING

import gevent
import psutil

from streamchat_load.reading import Reading, Stop

if TYPE_CHECKING:
    from streamchat_load.run import LoadRun

ROUND_S = 0.1
"""Time between two looks at the readings."""

LAG_PROBE_S = 0.05
"""How long the lag probe sleeps: what it oversleeps is the generator's own lag."""

FOLD_S = 4.0
"""How often stamps of open streams are folded, so that live charts move."""

SETTLE_LIMIT_S = 5.0
"""How long readings may take to notice that they were ended."""


class Watch:
    """Looks after the open readings of a run."""

    def __init__(self, run: LoadRun) -> None:
        self.run = run
        self.readings: set[Reading] = set()
        self._greenlets: list[gevent.Greenlet[..., None]] = []

    def start(self) -> None:
        """Begin to watch."""
        self._greenlets = [
            gevent.spawn(self._watch_readings),
            gevent.spawn(self._probe_lag),
            gevent.spawn(self._note_resources),
        ]
        if self.run.plan.behaviour.storm_every_s is not None:
            self._greenlets.append(
                gevent.spawn(self._drop_all, self.run.plan.behaviour.storm_every_s)
            )

    def stop(self) -> None:
        """Stop watching."""
        gevent.killall(self._greenlets, block=False)

    def drain(self, limit_s: float) -> None:
        """Wait for open readings to end; then end those that are left, and wait for that."""
        self._await_none(limit_s)
        for reading in list(self.readings):
            reading.end(Stop.RUN_OVER)
        self._await_none(SETTLE_LIMIT_S)

    def _await_none(self, limit_s: float) -> None:
        until_s = perf_counter() + limit_s
        while self.readings and perf_counter() < until_s:
            gevent.sleep(min(0.02, limit_s))

    def _watch_readings(self) -> None:
        fold_s = perf_counter() + FOLD_S
        while True:
            gevent.sleep(ROUND_S)
            now_s = perf_counter()
            for reading in list(self.readings):
                if reading.connection is None:
                    continue
                # How long a slow reader's stream takes is its own doing.
                paced = reading.read_bytes_per_s is not None
                if not paced and now_s - reading.sent_s > self.run.settings.stream_limit_s:
                    reading.end(Stop.TOO_LONG)
                elif reading.is_silent(now_s):
                    reading.end(Stop.SILENT)
            if now_s >= fold_s:
                fold_s = now_s + FOLD_S
                for reading in list(self.readings):
                    self.run.recorder.fold(reading)

    def _drop_all(self, every_s: float) -> None:
        while True:
            gevent.sleep(every_s)
            for reading in list(self.readings):
                reading.end(Stop.DROPPED)

    def _probe_lag(self) -> None:
        while True:
            begun_s = perf_counter()
            gevent.sleep(LAG_PROBE_S)
            lag_s = perf_counter() - begun_s - LAG_PROBE_S
            self.run.recorder.ledger.times["generator_lag"].record(lag_s)

    def _note_resources(self) -> None:
        own = psutil.Process()
        name = f"generator {self.run.slot} ({socket.gethostname()}, pid {os.getpid()})"
        server = self._server()
        while True:
            self._note(name, [own])
            if server is not None:
                self._note("server", [server, *_children(server)])
            gevent.sleep(1.0)

    def _server(self) -> psutil.Process | None:
        if self.run.settings.server_pid is None or self.run.slot != 0:
            return None
        try:
            return psutil.Process(self.run.settings.server_pid)
        except psutil.Error:
            return None

    def _note(self, name: str, processes: list[psutil.Process]) -> None:
        try:
            cpu_s = sum(sum(process.cpu_times()[:2]) for process in processes)
            resident = sum(process.memory_info().rss for process in processes)
        except psutil.Error:
            return
        row = [time.time(), cpu_s, float(resident)]
        self.run.recorder.ledger.note_resources(name, row)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []
