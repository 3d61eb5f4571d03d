"""How long the conformance suite takes on servers that let it wait, with and without overlap.

`python loadtests/benchmarks/suite_time.py` judges four servers, each with `--serial` and without,
one run after the other on this machine, and prints wall time, the suite's CPU time, what was sent,
and the verdict, which is the same. `--server NAME` (may be repeated) judges some of them only, and
`--overlapped` leaves out the serial runs; what stands behind `--` is passed on to the suite, such
as `-- --thoroughness=quick`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.dialects import DEFAULT, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamchat_fixtures.control.turn import Turn

RUN_LIMIT_S: Final = 900.0


@dataclass(frozen=True)
class StreamPace:
    """Events of a stream (0: endless), and the waits before the first and the others (seconds)."""

    first_s: float
    interval_s: float
    events: int


SERVERS: Final[dict[str, StreamPace | None]] = {
    "streams of 0.6 s": StreamPace(0.2, 0.2, 3),
    "one event a second": StreamPace(0.0, 1.0, 0),
    "embedded reference": None,
    "thinks for 3 s": StreamPace(3.0, 0.05, 6),
}
"""The servers; None for the one that the suite starts itself."""


@dataclass(frozen=True)
class RunCost:
    """What one run took, and what it said."""

    wall_s: float
    cpu_s: float
    report: dict[str, Any]

    def line(self) -> str:
        """Return the figures as a line of the table."""
        sent = self.report["requests"]["sent"]
        generated = self.report["generated_requests"]
        verdict = self.report["summary"]["verdict"]
        return f"{self.wall_s:8.1f} {self.cpu_s:8.1f} {sent:9} {generated:>10}  {verdict}"


def serve(pace: StreamPace) -> None:
    """Serve streams of a pace until the process is ended; print the URL."""
    steps = steps_of(DEFAULT)
    before = steps.blocks

    def blocks(turn: Turn) -> Iterator[bytes]:
        steps.wait(turn, pace.first_s)
        yield from before(turn)

    steps.blocks = blocks  # type: ignore[method-assign]  # as variants of the fixtures do
    settings = replace(steps.defaults, events=pace.events, interval_s=pace.interval_s)
    with ControlServer(settings=settings, steps=steps) as server:
        print(server.url, flush=True)
        threading.Event().wait()


@contextmanager
def served(name: str) -> Iterator[list[str]]:
    """Serve one of the servers; yield the options that say where it is."""
    if SERVERS[name] is None:
        yield []
        return
    command = [sys.executable, __file__, "--serve", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield [f"--target-url={server.stdout.readline().strip()}"]
        finally:
            server.kill()


def judge(where: Sequence[str], options: Sequence[str]) -> RunCost:
    """Run the suite once."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "streamchat_conformance", *where, *options]
        began_at = time.monotonic()
        with Path(folder, "output").open("wb") as output:
            suite = subprocess.Popen(
                [*command, f"--report-json={report}"],
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        limit = threading.Timer(RUN_LIMIT_S, suite.kill)
        limit.start()
        _, _, usage = os.wait4(suite.pid, 0)
        limit.cancel()
        wall_s = time.monotonic() - began_at
        document = json.loads(report.read_text("utf-8"))
        return RunCost(wall_s, usage.ru_utime + usage.ru_stime, document)


def main() -> int:
    """Judge each server in both ways, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", action="append", choices=SERVERS, metavar="NAME")
    parser.add_argument("--overlapped", action="store_true", help="no serial runs")
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    parser.add_argument("options", nargs="*", help="options of the suite, behind --")
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(SERVERS[arguments.serve] or StreamPace(0.0, 0.0, 1))
        return 0
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'server':20} {'':8} {'wall s':>8} {'CPU s':>8} {'sent':>9} {'generated':>10}  verdict")
    kinds = [("", [])] if arguments.overlapped else [("serial", ["--serial"]), ("", [])]
    for name in arguments.server or SERVERS:
        for kind, more in kinds:
            with served(name) as where:
                print(f"{name:20} {kind:8} {judge(where, [*arguments.options, *more]).line()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
