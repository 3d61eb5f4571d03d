"""What a verified event costs the load client, beside a reader that verifies nothing.

`python loadtests/benchmarks/client_ratio.py` runs both sides in turn on this machine, against
one server of 100 streams of 50 events a second, and writes the result. Each side is run short
and long: what the long run costs more, per event more, is the marginal cost, so that starting up
and importing do not count. CPU time is that of the process and its children, user and system.
Other load tools can be measured beside it: `--peer NAME=COMMAND`, where the command has the
placeholders {url} and {requests} and asks for streams of 50 events, 100 at once.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
STREAMS, EVENTS, INTERVAL_S = 100, 50, 0.02
SHORT_S, LONG_S = 4.0, 12.0
SHORT_REQUESTS, LONG_REQUESTS = 500, 1500
RUN_LIMIT_S = 240.0


@dataclass(frozen=True)
class Cost:
    """What one run used: CPU seconds, and how many events it read."""

    cpu_s: float
    events: int


def run(command: list[str]) -> tuple[float, str]:
    """Run a command; return its CPU time with its children's (seconds), and its output."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        limit = threading.Timer(RUN_LIMIT_S, process.kill)
        limit.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            limit.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        shown = shlex.join(command)
        raise RuntimeError(f"{shown} ended with {process.returncode}: {text[-2000:]}")
    return usage.ru_utime + usage.ru_stime, text


@contextmanager
def paced_server(*options: object) -> Iterator[str]:
    """Start the paced server; yield its URL."""
    command = [sys.executable, str(HERE / "paced_server.py"), *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the server has no output")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def bare(url: str, *, long: bool) -> Cost:
    """Read with the reader that verifies nothing."""
    duration_s = LONG_S if long else SHORT_S
    options = ["--streams", str(STREAMS), "--duration", str(duration_s)]
    cpu_s, output = run([sys.executable, str(HERE / "bare_reader.py"), url, *options])
    return Cost(cpu_s, json.loads(output)["streams"] * EVENTS)


def verified(url: str, *, long: bool) -> Cost:
    """Load with the load tests, everything verified and measured."""
    duration_s = LONG_S if long else SHORT_S
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *(sys.executable, "-m", "locust", "-f", str(HERE.parent / "locustfile.py")),
            *("--host", url, "--headless", "--only-summary", "--profile", "steady"),
            *("--parameter", f"users={STREAMS}", "--parameter", f"duration_s={duration_s}"),
            *("--load-json", str(report), "--generator-lag-limit-ms", "60000"),
        ]
        cpu_s, _ = run(command)
        found = json.loads(report.read_text("utf-8"))
    if found["outcomes"]["verified"] != found["counts"]["started"]:
        raise RuntimeError(f"not every stream was verified: {found['outcomes']}")
    return Cost(cpu_s, found["counts"]["events"])


def peer(command: str) -> Callable[..., Cost]:
    """Return the measurement of another tool."""

    def measure(url: str, *, long: bool) -> Cost:
        requests = LONG_REQUESTS if long else SHORT_REQUESTS
        text = command.replace("{url}", url).replace("{requests}", str(requests))
        cpu_s, _ = run(shlex.split(text))
        return Cost(cpu_s, requests * EVENTS)

    return measure


def marginal_us(runs: list[tuple[Cost, Cost]]) -> float:
    """Return the marginal cost of an event (microseconds) from pairs of a short and a long run.

    What else runs on a machine can only add to a run's CPU time, so the cheapest runs count.
    """
    short = min((short for short, _ in runs), key=lambda cost: cost.cpu_s)
    long = min((long for _, long in runs), key=lambda cost: cost.cpu_s / cost.events)
    return (long.cpu_s - short.cpu_s) / (long.events - short.events) * 1e6


def compare(sides: dict[str, Callable[..., Cost]], rounds: int) -> dict[str, Any]:
    """Run all sides in turn, several rounds; return the marginal costs and their ratios."""
    runs: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in sides}
    with paced_server("--events", EVENTS, "--interval", INTERVAL_S) as url:
        for _ in range(rounds):
            for name, measure in sides.items():
                runs[name].append((measure(url, long=False), measure(url, long=True)))
                print(f"{name}: {marginal_us(runs[name]):.1f} us of CPU an event", flush=True)
    costs = {name: round(marginal_us(found), 2) for name, found in runs.items()}
    return {
        "job": f"{STREAMS} streams of {1 / INTERVAL_S:.0f} events a second, {EVENTS} events each",
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
            "load_average": [round(load, 1) for load in os.getloadavg()],
        },
        "cpu_us_per_event": costs,
        "verified_over_bare": round(costs["verified"] / costs["bare"], 2),
        "peer_over_verified": {
            name: round(found / costs["verified"], 1)
            for name, found in costs.items()
            if name not in {"bare", "verified"}
        },
        "runs": {
            name: [[asdict(short), asdict(long)] for short, long in found]
            for name, found in runs.items()
        },
    }


def main() -> None:
    """Measure and write the result."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    arguments.add_argument("--output", type=Path, default=HERE / "results" / "client_ratio.json")
    options = arguments.parse_args()
    sides: dict[str, Callable[..., Cost]] = {"bare": bare, "verified": verified}
    for given in options.peer:
        name, _, command = given.partition("=")
        sides[name] = peer(command)
    result = compare(sides, options.rounds)
    options.output.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
