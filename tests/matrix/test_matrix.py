"""The suite against faulty, legal and hostile servers, each run whole.

By default a sample runs; `STREAMCHAT_MATRIX=all` runs every variant (see the tox environment
`matrix`).
"""

from pathlib import Path

import pytest
from sampling import ALL, sampled
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.hostile import HOSTILE
from streamchat_fixtures.legal import LEGAL

from . import runner

QUICK = (
    "--thoroughness=quick",
    "--max-requests=100000",
)
HOSTILE_LIMIT_S = 120.0
HOSTILE_LIMIT_BYTES = 300 * 1024 * 1024

# One of each kind of proof, layer and outcome: the rest is for the environment `matrix`.
FAULT_SAMPLE = ("refusals-are-422", "length-preferred-to-chunks", "last-event-without-blank-line")
LEGAL_SAMPLE = ("one-event-alone",)
HOSTILE_SAMPLE = ("closes-at-once", "endless-trailers")
# What a sample of hostile targets is judged by sends enough to exhaust who keeps it all.
JUDGED_OF_HOSTILE = () if ALL else ("--requirement=headers.*", "--requirement=transport.*")


@pytest.mark.parametrize("name", sampled((each.name for each in FAULTS), FAULT_SAMPLE))
def test_a_fault_turns_its_own_requirements_red_and_no_others(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    file = runner.target_file(fault, tmp_path)
    run = runner.run("fault", name, tmp_path, f"--target-file={file}", *QUICK)
    red = {id_ for id_ in run.with_outcome("fail") if run.level(id_) != "MAY"}
    assert red >= set(fault.breaks), run.output
    assert red - set(fault.breaks) <= set(fault.consequences), run.output
    assert not run.with_outcome("error"), run.output
    must = {id_ for id_ in fault.breaks if run.level(id_) == "MUST"}
    assert run.exit_code == (1 if must else 0), run.output


@pytest.mark.parametrize("name", sampled((each.name for each in LEGAL), LEGAL_SAMPLE))
def test_a_legal_server_draws_just_the_findings_it_declares(name: str, tmp_path: Path) -> None:
    legal = LEGAL[name]
    file = runner.target_file(legal, tmp_path)
    run = runner.run("legal", name, tmp_path, f"--target-file={file}", *QUICK)
    assert run.exit_code == 0, run.output
    assert run.with_outcome("fail") == set(legal.should), run.output
    assert not run.with_outcome("error"), run.output


@pytest.mark.parametrize("name", sampled(HOSTILE, HOSTILE_SAMPLE))
def test_a_hostile_target_gets_a_clear_verdict_within_bounds(name: str, tmp_path: Path) -> None:
    run = runner.run("hostile", name, tmp_path, *JUDGED_OF_HOSTILE)
    assert run.exit_code in (1, 6), run.output
    assert "Traceback" not in run.output
    assert ("not testable:" in run.output) == (run.exit_code == 6)
    assert not run.with_outcome("error"), run.output
    assert run.seconds <= HOSTILE_LIMIT_S
    assert run.peak_bytes is not None
    assert run.peak_bytes <= HOSTILE_LIMIT_BYTES
