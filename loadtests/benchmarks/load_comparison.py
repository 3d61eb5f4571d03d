"""Our load tests, guidellm and aiperf on the same two servers; writes `docs/load-comparison.md`.

The first server sends 100 streams of 50 chunks a second, and shows what a chunk costs each tool
(`client_ratio.py`). The second breaks one stream in 100, in each of 16 ways in turn, and shows what
each tool reports of that. `--render` writes the page from the last results again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parents[2] / "tests" / "common"))

from client_ratio import add_peers, compare, openai_sides, peers_of, run, served_by
from completion_faults import FAULTS
from peer_tools import environment, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peer_tools import PeerTool

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "load-comparison.md"
RESULTS = HERE / "results" / "load_comparison.json"
EVERY, STREAMS, INTERVAL_S, DURATION_S = 100, 100, 0.02, 20.0
MODEL = "small"
COMPARED = (
    "lost",
    "duplicated",
    "reordered",
    "altered",
    "crossed-text",
    "crossed-id",
    "other-id",
    "cut",
    "no-done",
    "no-finish",
    "after-finish",
    "error",
    "utf8",
    "not-json",
    "malformed-line",
    "media-type",
)
"""The ways of breaking a stream that the server takes in turn."""
REQUESTS = EVERY * len(COMPARED)
OURS = "streamchat-conformance"


@contextmanager
def breaking_server(spare: int) -> Iterator[str]:
    """Start the server that breaks one stream in 100, but for the first `spare`; yield its URL."""
    script = ROOT / "tests" / "load" / "completion_server.py"
    options = ("--every", EVERY, "--interval", INTERVAL_S, "--spare", spare, "--faults", *COMPARED)
    with served_by(script, *options, PYTHONPATH=str(ROOT / "tests" / "common")) as url:
        yield url


def sent(url: str) -> dict[str, int]:
    """Return how many streams of each kind the server has sent."""
    with urllib.request.urlopen(f"{url}/counts", timeout=10) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts


def ours() -> dict[str, Any]:
    """Return what our load tests report of the server, and what it has sent."""
    with tempfile.TemporaryDirectory() as folder, breaking_server(13) as url:
        report = Path(folder) / "report.json"
        command = [
            *(sys.executable, "-m", "locust", "-f", str(HERE.parent / "locustfile.py")),
            *("--host", f"{url}/v1", "--headless", "--only-summary", "--profile", "steady"),
            *("--dialect", "openai", "--model", MODEL, "--load-json", str(report)),
            *("--parameter", f"users={STREAMS}", "--parameter", f"duration_s={DURATION_S}"),
            *("--generator-lag-limit-ms", "60000", "--exit-code-on-error", "0"),
        ]
        # It ends with 3, as it has to where streams are broken.
        subprocess.run(command, capture_output=True, check=False)
        found = json.loads(report.read_text("utf-8"))
        counts = sent(url)
    return {
        "sent": counts,
        "requests": found["counts"]["started"],
        "successful": found["outcomes"]["verified"],
        "faults": found["faults"],
    }


def peers(tool: PeerTool) -> dict[str, Any]:
    """Return what another tool reports of the server, and what it has sent."""
    with tempfile.TemporaryDirectory() as name, breaking_server(0) as url:
        folder = Path(name)
        write_files(folder)
        run(tool.command(url, MODEL, REQUESTS, folder), environment(folder))
        return {"sent": sent(url), **tool.report(folder)}


def broken(counts: dict[str, int]) -> int:
    """Return how many of the streams that were sent are broken."""
    return sum(count for fault, count in counts.items() if fault != "good")


def render(result: dict[str, Any]) -> str:
    """Return the page (Markdown)."""
    cost, found = result["cost"], result["broken"]
    lines = [
        "# Load tools compared",
        "",
        "This page is generated: `python loadtests/benchmarks/load_comparison.py` with `--guidellm",
        "PROGRAM --aiperf PROGRAM`; `tox -e load-comparison` installs both tools and does so.",
        "",
        "## What a chunk costs",
        f"The job: {cost['job']}.",
        "CPU time of all processes of a tool, in microseconds a chunk: of several runs in turn the",
        "least of the bare reader's and ours, and the median of the others', which are differences",
        "of a long run and a short one.",
        "",
        "| reader | CPU a chunk, us | times the bare reader |",
        "|---|---|---|",
    ]
    named = {
        "bare": "gevent and httptools, nothing read",
        "verified": f"{OURS}, every byte predicted",
        "unpredicted": f"{OURS}, nothing predicted: JSON of every chunk, state machine",
    }
    costs = cost["cpu_us_per_event"]
    for name, used in costs.items():
        lines.append(f"| {named.get(name, name)} | {used:.1f} | {used / costs['bare']:.2f} |")
    times = [
        f"* {name}: {times} times {OURS}, and {cost['peer_over_unpredicted'][name]} times where "
        "nothing can be predicted."
        for name, times in cost["peer_over_verified"].items()
    ]
    load, ways = cost["machine"]["load_average"][0], len(COMPARED)
    lines += [
        "",
        *([*times, ""] if times else []),
        f"{cost['machine']['cores']} cores, Python {cost['machine']['python']}; the load average",
        f"was {load} at the end. Other work on the machine makes every figure larger.",
        "",
        "The others count tokens and write records of each request; ours verifies each stream.",
        "",
        "## What a broken stream becomes",
        f"The server breaks one stream in {EVERY}, in {ways} ways in turn; {STREAMS} streams",
        "come at once. It repeats what it is asked for, so that each text is known beforehand: of",
        "a model whose texts vary, lost, repeated, reordered and altered texts are not found.",
        "",
        "| tool | streams | broken | reported as failed or faulty | reported as good |",
        "|---|---|---|---|---|",
    ]
    for name, each in found.items():
        failed = sum((each.get("faults") or each.get("errors") or {}).values())
        lines.append(
            f"| {name} | {each['requests']} | {broken(each['sent'])} | {failed} "
            f"| {each['successful']} |"
        )
    lines += [
        "",
        f"What {OURS} reports, by class (a class may have several kinds):",
        "",
        "| class | kinds | sent | found |",
        "|---|---|---|---|",
    ]
    expected: Counter[str] = Counter()
    for fault, count in found[OURS]["sent"].items():
        if fault != "good":
            expected[FAULTS[fault]] += count
    for class_, count in expected.items():
        kinds = ", ".join(fault for fault in COMPARED if FAULTS[fault] == class_)
        got = found[OURS]["faults"].get(class_, 0)
        lines.append(f"| {class_} | {kinds} | {count} | {got} |")
    for name, each in found.items():
        if name == OURS:
            continue
        lines += ["", f"What {name} reports:", "", "| error | requests |", "|---|---|"]
        errors = each["errors"] or {"none": 0}
        for text, count in errors.items():
            lines.append(f"| `{_cell(text)}` | {count} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").replace("`", "'").split())[:160]


def main() -> None:
    """Measure, and write the results and the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--peer-rounds", type=int, default=1)
    arguments.add_argument("--render", action="store_true", help="only write the page again")
    add_peers(arguments)
    options = arguments.parse_args()
    if not options.render:
        tools = peers_of(options)
        found = {OURS: ours(), **{tool.name: peers(tool) for tool in tools}}
        cost = compare(openai_sides(tools), options.rounds, options.peer_rounds)
        result = {"cost": cost, "broken": found}
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    PAGE.write_text(render(json.loads(RESULTS.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
