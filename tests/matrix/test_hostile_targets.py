"""The suite against targets that answer with anything but HTTP, and against endless ones.

By default a sample runs; `STREAMCHAT_MATRIX=all` runs all of them (see the tox environment
`matrix`).
"""

from pathlib import Path

import pytest
from sampling import ALL, sampled
from streamchat_fixtures.hostile import HOSTILE

from . import runner

LIMIT_S = 120.0
LIMIT_BYTES = 300 * 1024 * 1024
SAMPLE = ("closes-at-once", "endless-trailers")
# What a sample is judged by sends enough to exhaust who keeps it all.
JUDGED = () if ALL else ("--requirement=headers.*", "--requirement=transport.*")


@pytest.mark.parametrize("name", sampled(HOSTILE, SAMPLE))
def test_a_hostile_target_gets_a_clear_verdict_within_bounds(name: str, tmp_path: Path) -> None:
    run = runner.run("hostile", name, tmp_path, *JUDGED)
    assert run.exit_code in (1, 6), run.output
    assert "Traceback" not in run.output
    assert ("not testable:" in run.output) == (run.exit_code == 6)
    assert not run.with_outcome("error"), run.output
    assert run.seconds <= LIMIT_S
    assert run.peak_bytes is not None
    assert run.peak_bytes <= LIMIT_BYTES
