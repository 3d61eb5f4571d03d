"""An interruption ends any run within seconds, and its reports are written."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .harness import CASES, environment

ENDS_WITHIN_S = 20.0
START_LIMIT_S = 120.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_long_property_with_its_reports(
    control: str, tmp_path: Path, number: signal.Signals
) -> None:
    report = tmp_path / "report.json"
    options = [
        *("-v", "--fuzz-seconds=3600", "--requirement=payload.prompt-echo"),
        *(f"--target-url={control}", f"--report-json={report}"),
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pyargs", CASES, *options],
        cwd=tmp_path,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            # pytest names a case when it begins.
            limit_s = time.monotonic() + START_LIMIT_S
            seen = ""
            while "::test_" not in seen and time.monotonic() < limit_s:
                seen += process.stdout.read(1)
            process.send_signal(number)
            began_at = time.monotonic()
            output, _ = process.communicate(timeout=START_LIMIT_S)
            took_s = time.monotonic() - began_at
        finally:
            process.kill()
    assert process.returncode == 2, seen + output
    assert took_s < ENDS_WITHIN_S
    assert json.loads(report.read_text("utf-8"))["gate"]["exit_code"] == 2
