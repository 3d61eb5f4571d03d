"""What a file says of its servers reaches the run: the key, and what it can show."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from preloaded import PRELOADED

from .streams import HOUSE, written

if TYPE_CHECKING:
    import subprocess

TEXT = Path(HOUSE).read_text("utf-8")
LINE = TEXT[: TEXT.index("[refusal]")].count("\n") + 1
AUTH = '[auth]\nheader = "X-House"\nprefix = "Key "\nenv = "HOUSE_KEY"\n'


def suite(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the suite's command line."""
    return PRELOADED.run_text(
        ["streamchat_conformance", *options],
        folder=Path(HOUSE).parent,
        environment={**os.environ, **variables},
        limit_s=60,
    )


def test_a_run_without_the_declared_key_stops_with_one_line(tmp_path: Path) -> None:
    file = written(tmp_path, TEXT + AUTH)
    done = suite(f"--dialect={file}", "--target-url=http://127.0.0.1:9")
    assert done.returncode == 4
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "HOUSE_KEY" in line]
    what = f"{file}: [auth]: the environment variable 'HOUSE_KEY' is not set, or empty"
    assert lines == [f"ERROR: streamchat-conformance: {what}"]


def test_a_mistake_in_a_file_ends_a_run_with_one_line(tmp_path: Path) -> None:
    file = written(tmp_path, TEXT.replace("[refusal]", "[refusals]"))
    done = suite(f"--dialect={file}", "--target-url=http://127.0.0.1:9")
    assert done.returncode == 4
    assert f"{file}:{LINE}: the table 'refusals' is unknown" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for command in ("list", "explain"):
        done = suite(command, f"--dialect={file}", *(["payload.json"] * (command == "explain")))
        assert done.returncode == 4
        assert "did you mean 'refusal'?" in done.stderr
        assert "Traceback" not in done.stderr


def test_requirements_of_a_file_are_listed_and_explained() -> None:
    listed = suite("list", f"--dialect={HOUSE}", "house.*").stdout
    assert "house.terminal" in listed
    explained = suite("explain", f"--dialect={HOUSE}", "house.terminal").stdout
    assert "why it matters: Only its declared end" in explained
