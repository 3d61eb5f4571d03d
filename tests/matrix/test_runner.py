"""What the runner measures is the suite's own."""

from pathlib import Path

from . import runner

MIB = 1024 * 1024


def test_the_peak_of_a_run_has_no_memory_of_the_process_that_started_it(tmp_path: Path) -> None:
    held = b"\1" * (400 * MIB)
    exit_code, peak_bytes = runner.run_measured(tmp_path, "list")
    assert len(held) == 400 * MIB
    assert exit_code == 0, (tmp_path / runner.OUTPUT).read_text("utf-8")
    assert peak_bytes is not None
    assert 10 * MIB < peak_bytes < 300 * MIB
