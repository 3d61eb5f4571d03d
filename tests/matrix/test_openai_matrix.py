"""The suite against the faulty and legal servers of the dialect `openai`, each run whole.

By default a sample runs; `STREAMCHAT_MATRIX=all` runs every variant (see the tox environment
`matrix-openai`).
"""

from pathlib import Path

import pytest
from sampling import ALL, sampled
from streamchat_fixtures.dialects import faults_of, legal_of

from . import runner
from .test_matrix import QUICK

DIALECT = "openai"
FAULTS = faults_of(DIALECT)
LEGAL = legal_of(DIALECT)

# One that breaks a MUST in each stream, and one that draws findings in streams and refusals.
FAULT_SAMPLE = ("id-counts-up",)
LEGAL_SAMPLE = ("like-lm-studio",)
# The sample is judged by the dialect's own requirements alone, so that it takes little time.
JUDGED = QUICK if ALL else (*QUICK, "--requirement=openai.*")


@pytest.mark.parametrize("name", sampled((each.name for each in FAULTS), FAULT_SAMPLE))
def test_openai_a_fault_turns_its_own_requirements_red_and_no_others(
    name: str, tmp_path: Path
) -> None:
    fault = FAULTS[name]
    file = runner.target_file(fault, tmp_path)
    options = (f"--target-file={file}", *JUDGED)
    run = runner.run("fault", name, tmp_path, *options, dialect=DIALECT)
    red = {id_ for id_ in run.with_outcome("fail") if run.level(id_) != "MAY"}
    assert red >= set(fault.breaks), run.output
    assert red - set(fault.breaks) <= set(fault.consequences), run.output
    assert not run.with_outcome("error"), run.output
    must = {id_ for id_ in red if run.level(id_) == "MUST"}
    assert run.exit_code == (1 if must else 0), run.output


@pytest.mark.parametrize("name", sampled((each.name for each in LEGAL), LEGAL_SAMPLE))
def test_openai_a_legal_server_draws_just_the_findings_it_declares(
    name: str, tmp_path: Path
) -> None:
    legal = LEGAL[name]
    file = runner.target_file(legal, tmp_path)
    options = (f"--target-file={file}", *JUDGED)
    run = runner.run("legal", name, tmp_path, *options, dialect=DIALECT)
    assert run.exit_code == 0, run.output
    assert run.with_outcome("fail") == set(legal.should), run.output
    assert not run.with_outcome("error"), run.output
