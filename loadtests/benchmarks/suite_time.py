"""How long the conformance suite takes on servers that let it wait, with and without overlap.

`python loadtests/benchmarks/suite_time.py` judges four servers, each with `--serial` and without,
one run after the other on this machine, and prints wall time, the suite's CPU time, what was sent,
the wall time for each request, and the verdict, which is the same. Where Schemathesis is installed,
a line shows what it takes on the same server, by the endpoint's OpenAPI document: the time for each
request is what can be compared. `--server NAME` (may be repeated) judges some of them only,
`--overlapped` leaves out the serial runs, and `--no-schemathesis` leaves out Schemathesis; what
stands behind `--` is passed on to the suite, such as `-- --thoroughness=quick`.
"""

from __future__ import annotations

import argparse
import importlib.util
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
HOME: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = HOME / "reference_server/streamchat_reference/site/openapi.json"
SCHEMATHESIS: Final = HOME / "tests/openapi/schemathesis.toml"
SCHEMATHESIS_EXAMPLES: Final = 5
"""How many examples Schemathesis tries in each of its phases: it asks one after the other."""
SCHEMATHESIS_LIMIT_S: Final = 120.0


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
        each_ms = 1000 * self.wall_s / max(1, sent)
        figures = f"{self.wall_s:8.1f} {self.cpu_s:8.1f} {sent:9} {generated:>10} {each_ms:9.1f}"
        return f"{figures}  {verdict}"


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


def try_schemathesis(url: str) -> str:
    """Run Schemathesis on a server; return what it took as a line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SCHEMATHESIS)),
            *("run", str(DOCUMENT), "--url", url, "--max-examples", str(SCHEMATHESIS_EXAMPLES)),
            *("--report", "json", "--report-json-path", str(report)),
        ]
        began_at = time.monotonic()
        try:
            subprocess.run(
                command, cwd=folder, capture_output=True, timeout=SCHEMATHESIS_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"no end within {SCHEMATHESIS_LIMIT_S:g} s"
        wall_s = time.monotonic() - began_at
        if not report.exists():
            return "no report"
        sent = json.loads(report.read_text("utf-8"))["test_cases"]["generated"]
        each_ms = 1000 * wall_s / max(1, sent)
        return f"{wall_s:8.1f} {'':8} {sent:9} {sent:10} {each_ms:9.1f}"


def main() -> int:
    """Judge each server in both ways, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", action="append", choices=SERVERS, metavar="NAME")
    parser.add_argument("--overlapped", action="store_true", help="no serial runs")
    parser.add_argument("--no-schemathesis", action="store_true", help="the suite alone")
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    parser.add_argument("options", nargs="*", help="options of the suite, behind --")
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(SERVERS[arguments.serve] or StreamPace(0.0, 0.0, 1))
        return 0
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    figures = f"{'wall s':>8} {'CPU s':>8} {'sent':>9} {'generated':>10} {'ms each':>9}"
    print(f"{'server':20} {'':12} {figures}  verdict")
    kinds = [("", [])] if arguments.overlapped else [("serial", ["--serial"]), ("", [])]
    compare = not arguments.no_schemathesis and importlib.util.find_spec("schemathesis") is not None
    for name in arguments.server or SERVERS:
        for kind, more in kinds:
            with served(name) as where:
                print(f"{name:20} {kind:12} {judge(where, [*arguments.options, *more]).line()}")
        if compare and SERVERS[name] is not None:
            with served(name) as (where,):
                url = where.partition("=")[2]
                print(f"{name:20} {'schemathesis':12} {try_schemathesis(url)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
