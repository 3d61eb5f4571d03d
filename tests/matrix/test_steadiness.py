"""A verdict does not depend on what else the machine does.

By default two quick runs; `STREAMCHAT_MATRIX=all` makes it twenty whole ones.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sampling import ALL

from . import runner
from .runner import QUICK

RUNS = 20 if ALL else 2
BUSY = "import itertools\nfor _ in itertools.count(): pass"


@contextlib.contextmanager
def busy_machine() -> Iterator[None]:
    """Keep every core busy with a process that only counts."""
    with contextlib.ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            process = subprocess.Popen([sys.executable, "-c", BUSY])
            stack.callback(process.wait, runner.START_LIMIT_S)
            stack.callback(process.kill)
        yield


def test_runs_on_a_busy_machine_say_the_same(tmp_path: Path) -> None:
    said = []
    with busy_machine():
        for number in range(RUNS):
            folder = tmp_path / str(number)
            folder.mkdir()
            report = folder / "report.json"
            options = () if ALL else QUICK
            code, _ = runner.run_measured(folder, f"--report-json={report}", *options)
            assert code == 0, (folder / runner.OUTPUT).read_text("utf-8")
            said.append(runner.outcomes_of(report))
    assert said[0]
    assert all(outcomes == said[0] for outcomes in said)
