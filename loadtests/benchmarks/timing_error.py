"""The error of the load tests' times against the server's own stamps.

`python loadtests/benchmarks/timing_error.py` loads the paced server with a few streams and holds
the reported medians against those that the server measured itself when it wrote. The difference
is what the client, the kernel and the loopback device add.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import urllib.request
from pathlib import Path

from client_ratio import HERE, paced_server, run

LIMIT_MS = 1.0
"""The largest error of a measured time."""
REQUEST_LIMIT_S = 10.0


def main() -> None:
    """Measure and write the result."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--streams", type=int, default=10)
    arguments.add_argument("--duration", type=float, default=10.0)
    arguments.add_argument("--output", type=Path, default=HERE / "results" / "timing_error.json")
    options = arguments.parse_args()
    with (
        paced_server("--events", 50, "--interval", 0.02, "--stamps") as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        report = Path(folder) / "report.json"
        run(
            [
                *(sys.executable, "-m", "locust", "-f", str(HERE.parent / "locustfile.py")),
                *("--host", url, "--headless", "--only-summary", "--profile", "steady"),
                *("--parameter", f"users={options.streams}"),
                *("--parameter", f"duration_s={options.duration}"),
                *("--load-json", str(report), "--generator-lag-limit-ms", "60000"),
            ]
        )
        found = json.loads(report.read_text("utf-8"))
        with urllib.request.urlopen(f"{url}/stamps", timeout=REQUEST_LIMIT_S) as answer:
            stamps = json.load(answer)
    reported = {
        "first_event_p50_ms": found["times_ms"]["first_event"]["p50"],
        "gap_p50_ms": found["times_ms"]["gap"]["p50"],
    }
    errors = {name: round(value - stamps[name], 3) for name, value in reported.items()}
    result = {
        "streams_at_once": options.streams,
        "reported": reported,
        "server": stamps,
        "error_ms": errors,
        "generator_lag_p95_ms": found["times_ms"]["generator_lag"]["p95"],
        "within_limit": all(abs(error) <= LIMIT_MS for error in errors.values()),
    }
    options.output.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
