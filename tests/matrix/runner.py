"""Run the whole suite against one server of the fixtures, and say what became red."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from streamchat_fixtures.control import FAULT_PROMPT, SLOW_PROMPT, ControlSettings
from streamchat_fixtures.control.settings import KEY, KEY_VARIABLE
from streamchat_fixtures.dialects import DEFAULT
from streamchat_fixtures.variants import Variant
from unmeasured import unmeasured

QUICK = ("--thoroughness=quick", "--max-requests=100000")
"""The options of a judgement: few examples, and no bound on how many requests cases send."""
RUN_LIMIT_S = 400.0
START_LIMIT_S = 30.0
OUTPUT = "output.txt"
PEAK = "peak.txt"
# The system's ru_maxrss of a child begins with what its parent had resident when it forked. The
# peak in /proc belongs to the program alone; it is gone with the process, which thus notes it.
MEASURED = """
import atexit, pathlib, re, runpy, sys
def note(file):
    status = pathlib.Path("/proc/self/status").read_text("utf-8")
    file.write_text(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1], "utf-8")
atexit.register(note, pathlib.Path(sys.argv.pop(1)))
runpy.run_module("streamchat_conformance", run_name="__main__", alter_sys=True)
"""
LIMITS = {"silence_s": "gap_s", "head_s": "first_event_s", "first_event_s": "first_event_s"}


@dataclass(frozen=True)
class Run:
    """What a run said."""

    exit_code: int
    output: str
    outcomes: dict[str, tuple[str, str]]
    """Requirement id to (level, outcome); empty without a report."""
    seconds: float
    peak_bytes: int | None
    """The most memory that the suite's process had resident; None if the run was killed."""

    def with_outcome(self, *outcomes: str) -> set[str]:
        """Return the ids that had one of these outcomes."""
        return {id_ for id_, (_, outcome) in self.outcomes.items() if outcome in outcomes}

    def level(self, id_: str) -> str:
        """Return a requirement's level."""
        return self.outcomes[id_][0]


def target_file(variant: Variant, folder: Path) -> Path:
    """Write the target file that a variant needs."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in variant.target.items()]
    lines = ["[target]", *lines] if lines else []
    lines += ["[limits]"]
    lines += [f"{LIMITS[name]} = {value}" for name, value in variant.suite_limits.items()]
    if "slow" in variant.needs:
        lines += [
            "[slow]",
            f'prompt = "{SLOW_PROMPT}"',
            f"silent_s = {ControlSettings().silence_s}",
        ]
    if "fault" in variant.needs:
        lines += ["[fault]", f'prompt = "{FAULT_PROMPT}"']
    declared = sorted(variant.needs & {"echo", "finite"})
    lines += ["[capabilities]", *(f"{name} = true" for name in declared)]
    file = folder / "target.toml"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def run(kind: str, name: str, folder: Path, *options: str, dialect: str = DEFAULT) -> Run:
    """Serve one variant in a process of its own, run the suite against it, and stop it."""
    serve = [sys.executable, "-m", "streamchat_fixtures", "serve", f"--dialect={dialect}"]
    serve += [f"--{kind}", name, "--port", "0"]
    server = subprocess.Popen(
        serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=unmeasured()
    )
    assert server.stdout is not None
    spoken = () if dialect == DEFAULT else (f"--dialect={dialect}",)
    try:
        url = server.stdout.readline().strip()
        return run_against(url, folder, "--insecure", *spoken, *options)
    finally:
        server.kill()
        server.wait(START_LIMIT_S)
        server.stdout.close()


def run_against(url: str, folder: Path, *options: str) -> Run:
    """Run the suite against a server that runs already."""
    begun = time.monotonic()
    report = folder / "report.json"
    exit_code, peak_bytes = run_measured(
        folder, f"--target-url={url}", f"--report-json={report}", *options
    )
    output = (folder / OUTPUT).read_text("utf-8", "replace")
    return Run(exit_code, output, outcomes_of(report), time.monotonic() - begun, peak_bytes)


def outcomes_of(report: Path) -> dict[str, tuple[str, str]]:
    """Return what a JSON report says: requirement id to (level, outcome)."""
    if not report.exists():
        return {}
    document = json.loads(report.read_text("utf-8"))
    return {entry["id"]: (entry["level"], entry["outcome"]) for entry in document["requirements"]}


def run_measured(folder: Path, *arguments: str) -> tuple[int, int | None]:
    """Run the console script with its output in a file; return exit code and peak memory (bytes).

    A run that outlives its limit is killed: its exit code is -9, and its peak is unknown.
    """
    peak = folder / PEAK
    command = [sys.executable, "-c", MEASURED, str(peak), *arguments]
    environment = {**os.environ, "COLUMNS": "100", KEY_VARIABLE: KEY}
    with (folder / OUTPUT).open("wb") as output:
        suite = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            suite.wait(RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            suite.kill()
            suite.wait()
    return suite.returncode, int(peak.read_text("utf-8")) * 1024 if peak.exists() else None
