"""The cost of a verified event to the load client, compared with a reader that verifies nothing.

`python loadtests/benchmarks/client_ratio.py` runs both sides in turn on this machine, against
one server of 100 streams of 50 events a second, and writes the result. `--dialect openai` does so
for Chat Completions, once with every byte predicted but each stream's id, and once with nothing
predicted, where each chunk is taken by the state machine. CPU time is that of the
process, user and system, from its first request to its last event: importing does not count.
Other work on the machine can only add to it, so the cheapest run of each side counts.

Other load tools can be measured in the same run: `--peer NAME=COMMAND`, where the command has the
placeholders {url} and {requests} and asks for streams of 50 events, 100 at once. They are run
with few and with many requests, with all their processes: what the long run costs more, for each
event more, is what counts (the median), so that starting does not count there either.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from peer_tools import PEERS, environment, peer_tool, write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from peer_tools import PeerTool

HERE = Path(__file__).parent
STREAMS, EVENTS, INTERVAL_S = 100, 50, 0.02
DURATION_S = 10.0
SHORT_REQUESTS, LONG_REQUESTS = 500, 1500
RUN_LIMIT_S = 900.0
PATHS = {"stream-chat": "/api/stream-chat", "openai": "/v1/chat/completions"}
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
OWN = frozenset({"bare", "verified", "unpredicted"})
"""The sides that are not other tools."""


def run(command: list[str], variables: Mapping[str, str] = NO_VARIABLES) -> tuple[float, str]:
    """Run a command; return its CPU time with its children's (seconds), and its output."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **variables}
        )
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


def paced_server(*options: object) -> AbstractContextManager[str]:
    """Start the paced server for a while; its URL."""
    return served_by(HERE / "paced_server.py", *options)


@contextmanager
def served_by(script: Path, *options: object, **variables: str) -> Iterator[str]:
    """Start a server with more variables in its environment; yield the URL that it prints."""
    command = [sys.executable, str(script), *map(str, options)]
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        if process.stdout is None:
            raise RuntimeError("the server has no output")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def bare(path: str) -> Callable[[str], float]:
    """Return the measurement of the reader that verifies nothing: CPU microseconds an event."""

    def measure(url: str) -> float:
        options = ["--streams", str(STREAMS), "--duration", str(DURATION_S), "--path", path]
        _, output = run([sys.executable, str(HERE / "bare_reader.py"), url, *options])
        found = json.loads(output)
        events = int(found["streams"]) * EVENTS
        return float(found["cpu_s"]) / events * 1e6

    return measure


def verified(*options: str) -> Callable[[str], float]:
    """Return the measurement of the load tests: CPU microseconds an event, everything verified."""
    return lambda url: _verified(url, options)


def _verified(url: str, options: Sequence[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *(sys.executable, "-m", "locust", "-f", str(HERE.parent / "locustfile.py")),
            *("--host", url, "--headless", "--only-summary", "--profile", "steady"),
            *("--parameter", f"users={STREAMS}", "--parameter", f"duration_s={DURATION_S}"),
            *("--load-json", str(report), "--generator-lag-limit-ms", "60000"),
            *options,
        ]
        run(command)
        found = json.loads(report.read_text("utf-8"))
    if found["outcomes"]["verified"] != found["counts"]["started"]:
        raise RuntimeError(f"not every stream was verified: {found['outcomes']}")
    return float(found["metrics"]["generator_cpu_us_per_event"])


def peer(command: str) -> Callable[[str], float]:
    """Return the measurement of another tool: marginal CPU microseconds an event."""

    def used_s(url: str, requests: int) -> float:
        text = command.replace("{url}", url).replace("{requests}", str(requests))
        return run(shlex.split(text))[0]

    return lambda url: _marginal(partial(used_s, url))


def known_peer(tool: PeerTool) -> Callable[[str], float]:
    """Return the same measurement of a tool that is known: it gets what it needs."""

    def used_s(url: str, requests: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            write_files(Path(folder))
            command = tool.command(url, "m", requests, Path(folder))
            return run(command, environment(Path(folder)))[0]

    return lambda url: _marginal(partial(used_s, url))


def _marginal(used_s: Callable[[int], float]) -> float:
    more_s = used_s(LONG_REQUESTS) - used_s(SHORT_REQUESTS)
    return more_s / ((LONG_REQUESTS - SHORT_REQUESTS) * EVENTS) * 1e6


def compare(
    sides: dict[str, Callable[[str], float]], rounds: int, peer_rounds: int
) -> dict[str, Any]:
    """Run all sides in turn, several rounds; return the least costs and their ratios."""
    runs: dict[str, list[float]] = {name: [] for name in sides}
    with paced_server("--events", EVENTS, "--interval", INTERVAL_S) as url:
        for number in range(rounds):
            for name, measure in sides.items():
                if name not in OWN and number >= peer_rounds:
                    continue
                runs[name].append(round(measure(url), 2))
                print(f"{name}: {runs[name][-1]:.1f} us of CPU an event", flush=True)
    # Other work on the machine can only add to what one run used, so its least is nearest to
    # the truth. A peer's figure is a difference of two runs, and errs either way: the median.
    costs = {
        name: min(found) if name in OWN else statistics.median(found)
        for name, found in runs.items()
    }
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
        "verified_over_bare_by_pair": [
            round(verified / bare, 2)
            for verified, bare in zip(runs["verified"], runs["bare"], strict=True)
        ],
        **_unpredicted(costs),
        "peer_over_verified": {
            name: round(found / costs["verified"], 1)
            for name, found in costs.items()
            if name not in OWN
        },
        "runs": runs,
    }


def _unpredicted(costs: dict[str, float]) -> dict[str, Any]:
    if "unpredicted" not in costs:
        return {}
    return {
        "unpredicted_over_bare": round(costs["unpredicted"] / costs["bare"], 2),
        "peer_over_unpredicted": {
            name: round(found / costs["unpredicted"], 1)
            for name, found in costs.items()
            if name not in OWN
        },
    }


def openai_sides(tools: Sequence[PeerTool]) -> dict[str, Callable[[str], float]]:
    """Return the measurements for Chat Completions, by name."""
    asked = ("--dialect", "openai")
    return {
        "bare": bare(PATHS["openai"]),
        "verified": verified(*asked),
        "unpredicted": verified(*asked, "--texts-vary"),
        **{tool.name: known_peer(tool) for tool in tools},
    }


def add_peers(arguments: argparse.ArgumentParser) -> None:
    """Add the options that name the programs of other tools."""
    for name in PEERS:
        arguments.add_argument(f"--{name}", type=Path, metavar="PROGRAM", help="also measure it")


def peers_of(options: argparse.Namespace) -> list[PeerTool]:
    """Return the tools whose programs were named."""
    given = {name: getattr(options, name) for name in PEERS}
    return [peer_tool(name, program) for name, program in given.items() if program is not None]


def main() -> None:
    """Measure and write the result."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--peer-rounds", type=int, default=3)
    arguments.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    add_peers(arguments)
    arguments.add_argument("--dialect", choices=list(PATHS), default="stream-chat")
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    path = PATHS[options.dialect]
    sides: dict[str, Callable[[str], float]] = {"bare": bare(path), "verified": verified()}
    name = "client_ratio.json"
    if options.dialect == "openai":
        sides = openai_sides(peers_of(options))
        name = "client_ratio_openai.json"
    for given in options.peer:
        peer_name, _, command = given.partition("=")
        sides[peer_name] = peer(command)
    result = compare(sides, options.rounds, options.peer_rounds)
    output = options.output or HERE / "results" / name
    output.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
