"""Run the whole suite against one server of the fixtures, and say what became red."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from streamchat_fixtures.control import FAULT_PROMPT, SLOW_PROMPT, Settings
from streamchat_fixtures.variants import Variant

RUN_LIMIT_S = 400.0
START_LIMIT_S = 30.0
LIMITS = {"silence_s": "gap_s", "head_s": "first_event_s", "first_event_s": "first_event_s"}


@dataclass(frozen=True)
class Run:
    """What a run said."""

    exit_code: int
    output: str
    outcomes: dict[str, tuple[str, str]]
    """Requirement id to (level, outcome); empty without a report."""

    def with_outcome(self, *outcomes: str) -> set[str]:
        """Return the ids that had one of these outcomes."""
        return {id_ for id_, (_, outcome) in self.outcomes.items() if outcome in outcomes}

    def level(self, id_: str) -> str:
        """Return a requirement's level."""
        return self.outcomes[id_][0]


def target_file(variant: Variant, folder: Path) -> Path:
    """Write the target file that a variant needs."""
    lines = ["[limits]"]
    lines += [f"{LIMITS[name]} = {value}" for name, value in variant.suite_limits.items()]
    if "slow" in variant.needs:
        lines += ["[slow]", f'prompt = "{SLOW_PROMPT}"', f"silent_s = {Settings().silence_s}"]
    if "fault" in variant.needs:
        lines += ["[fault]", f'prompt = "{FAULT_PROMPT}"']
    declared = sorted(variant.needs & {"echo", "finite"})
    lines += ["[capabilities]", *(f"{name} = true" for name in declared)]
    file = folder / "target.toml"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def run(kind: str, name: str, folder: Path, *options: str) -> Run:
    """Serve one variant in a process of its own, run the suite against it, and stop it."""
    report = folder / "report.json"
    serve = [sys.executable, "-m", "streamchat_fixtures", "serve", f"--{kind}", name, "--port", "0"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        url = server.stdout.readline().strip()
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "streamchat_conformance"),
                *(f"--target-url={url}", f"--report-json={report}", "--insecure", *options),
            ],
            cwd=folder,
            env={**os.environ, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT_S,
            check=False,
        )
    finally:
        server.kill()
        server.wait(START_LIMIT_S)
        server.stdout.close()
    outcomes = {}
    if report.exists():
        document = json.loads(report.read_text("utf-8"))
        outcomes = {
            entry["id"]: (entry["level"], entry["outcome"]) for entry in document["requirements"]
        }
    return Run(finished.returncode, finished.stdout + finished.stderr, outcomes)
