from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from .harness import LENIENT, ROOT, RUN_LIMIT_S, STOP_LIMIT_S, environment, parameters

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs" / "load-testing.md"
PACED_SERVER = ROOT / "loadtests" / "benchmarks" / "paced_server.py"


def test_the_example_of_the_docs_loads_another_kind_of_stream(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert example is not None
    locustfile = tmp_path / "locustfile.py"
    locustfile.write_text(
        f"import sys\nsys.path.append({str(ROOT / 'loadtests')!r})\n{example[1]}", "utf-8"
    )
    served = [sys.executable, str(PACED_SERVER), "--events", "5", "--interval", "0.01"]
    with subprocess.Popen(served, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "locust", "-f", str(locustfile), "--headless"),
                    *("--host", server.stdout.readline().strip(), "--only-summary"),
                    *(*parameters(duration_s=1), *LENIENT),
                ],
                capture_output=True,
                text=True,
                timeout=RUN_LIMIT_S,
                check=False,
                env=environment(),
            )
        finally:
            server.terminate()
            server.wait(STOP_LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/v1/chat/completions" in done.stdout
    # Each stream has an id of its own, which the example does not set aside.
    assert "streams of 8 events; no echo; texts vary" in done.stdout
    assert "verdict: GOOD" in done.stdout
