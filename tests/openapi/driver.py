"""Runs Schemathesis as its users do: by its command, on a server, from the document."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preloaded import PRELOADED_SCHEMATHESIS

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
FOR_COMPLETIONS = Path(__file__).with_name("schemathesis_completions.toml")
LIMIT_S = 110.0
"""How long one run may take."""

# What else would be taken from the environment: colours, hooks, proxies.
DROPPED = ("SCHEMATHESIS_", "FORCE_COLOR", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True)
class Run:
    """What one run of Schemathesis reported. `report` is its own JSON report."""

    code: int
    output: str
    report: dict[str, Any]

    @property
    def failures(self) -> int:
        """How many different failures it found."""
        found: int = self.report["test_cases"]["unique_failures"]
        return found

    @property
    def requests(self) -> int:
        """How many requests it made."""
        made: int = self.report["test_cases"]["generated"]
        return made

    @property
    def accepted(self) -> int:
        """How many requests, valid by the document, the server took."""
        (rates,) = self.report["valid_rates"].values()
        return sum(phase["accepted"] for phase in rates.values())

    def phase(self, name: str) -> str:
        """Give how a phase ended."""
        status: str = self.report["phases"][name]["status"]
        return status


def run(
    location: str | Path,
    url: str,
    folder: Path,
    *options: str,
    max_examples: int,
    configuration: Path = CONFIGURATION,
) -> Run:
    """Test the server at `url` by the document at `location`, a file or a URL.

    `folder` gets whatever is written. Raises AssertionError where there is no report.
    """
    report = folder / "report.json"
    command = [
        *("schemathesis.cli", "--config-file", str(configuration)),
        *("run", str(location), "--url", url, "--max-examples", str(max_examples)),
        *("--report", "json", "--report-json-path", str(report), *options),
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    done = PRELOADED_SCHEMATHESIS.run_text(
        command,
        folder=folder,
        environment={**kept, "NO_COLOR": "1", "NO_PROXY": "*"},
        limit_s=LIMIT_S,
    )
    output = done.stdout + done.stderr
    assert report.exists(), output
    return Run(done.returncode, output, json.loads(report.read_text("utf-8")))
