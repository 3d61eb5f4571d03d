"""The monitor of a run: limits on silence, live figures, and the generator's own lag.

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

from streamchat_load.client.reading import StopReason, StreamReading

if TYPE_CHECKING:
    from streamchat_load.metrics.recorder import StreamRecorder

ROUND_S = 0.1
"""Time between two looks at the readings."""

LAG_PROBE_S = 0.05
"""How long the lag probe sleeps: what it oversleeps is the generator's own lag."""

FOLDING_INTERVAL_S = 4.0
"""How often stamps of open streams are folded, so that live charts move."""

SETTLE_LIMIT_S = 5.0
"""How long readings may take to notice that they were ended."""


class RunMonitor:
    """Watches the open readings of one process.

    `storm_every_s` is how often all connections are dropped together, if they are. `server_pid`
    is the process whose memory is recorded.
    """

    def __init__(
        self,
        recorder: StreamRecorder,
        *,
        slot: int,
        stream_limit_s: float,
        storm_every_s: float | None = None,
        server_pid: int | None = None,
    ) -> None:
        self.recorder = recorder
        self.slot = slot
        self.stream_limit_s = stream_limit_s
        self.storm_every_s = storm_every_s
        self.server_pid = server_pid
        self.readings: set[StreamReading] = set()
        self._greenlets: list[gevent.Greenlet[..., None]] = []

    def start(self) -> None:
        """Begin to watch."""
        self._greenlets = [
            gevent.spawn(self._watch_readings),
            gevent.spawn(self._probe_lag),
            gevent.spawn(self._record_resources),
        ]
        if self.storm_every_s is not None:
            self._greenlets.append(gevent.spawn(self._drop_all, self.storm_every_s))

    def stop(self) -> None:
        """Stop watching."""
        gevent.killall(self._greenlets, block=False)

    def drain(self, limit_s: float) -> None:
        """Wait for open readings to end; then end those that are left, and wait for that."""
        self._wait_until_none_is_open(limit_s)
        for reading in list(self.readings):
            reading.end(StopReason.RUN_OVER)
        self._wait_until_none_is_open(SETTLE_LIMIT_S)

    def _wait_until_none_is_open(self, limit_s: float) -> None:
        until_s = perf_counter() + limit_s
        while self.readings and perf_counter() < until_s:
            gevent.sleep(min(0.02, limit_s))

    def _watch_readings(self) -> None:
        fold_s = perf_counter() + FOLDING_INTERVAL_S
        while True:
            gevent.sleep(ROUND_S)
            now_s = perf_counter()
            for reading in list(self.readings):
                if reading.connection is None:
                    continue
                # A slow reader decides itself how long its stream takes.
                paced = reading.read_bytes_per_s is not None
                if not paced and now_s - reading.sent_s > self.stream_limit_s:
                    reading.end(StopReason.TOO_LONG)
                elif reading.is_silent(now_s):
                    reading.end(StopReason.SILENT)
            if now_s >= fold_s:
                fold_s = now_s + FOLDING_INTERVAL_S
                for reading in list(self.readings):
                    self.recorder.fold(reading)

    def _drop_all(self, every_s: float) -> None:
        while True:
            gevent.sleep(every_s)
            for reading in list(self.readings):
                reading.end(StopReason.DROPPED)

    def _probe_lag(self) -> None:
        while True:
            begun_s = perf_counter()
            gevent.sleep(LAG_PROBE_S)
            lag_s = perf_counter() - begun_s - LAG_PROBE_S
            self.recorder.ledger.times["generator_lag"].record(lag_s)

    def _record_resources(self) -> None:
        own = psutil.Process()
        name = f"generator {self.slot} ({socket.gethostname()}, pid {os.getpid()})"
        server = self._server()
        while True:
            self._record(name, [own])
            if server is not None:
                self._record("server", [server, *_children(server)])
            gevent.sleep(1.0)

    def _server(self) -> psutil.Process | None:
        if self.server_pid is None or self.slot != 0:
            return None
        try:
            return psutil.Process(self.server_pid)
        except psutil.Error:
            return None

    def _record(self, name: str, processes: list[psutil.Process]) -> None:
        try:
            cpu_s = sum(sum(process.cpu_times()[:2]) for process in processes)
            resident = sum(process.memory_info().rss for process in processes)
        except psutil.Error:
            return
        row = [time.time(), cpu_s, float(resident)]
        self.recorder.ledger.note_resources(name, row)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []
