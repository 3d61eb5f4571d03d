"""The suite against the faulty and legal servers of the dialect `anthropic`, each run whole.

Only with `STREAMCHAT_MATRIX=all` (see the tox environment `matrix-anthropic`).
"""

from pathlib import Path

import pytest
from sampling import sampled
from streamchat_fixtures.dialects import faults_of, legal_of

from . import runner
from .test_matrix import QUICK

DIALECT = "anthropic"
FAULTS = faults_of(DIALECT)
LEGAL = legal_of(DIALECT)


@pytest.mark.parametrize("name", sampled((each.name for each in FAULTS), ()))
def test_anthropic_a_fault_turns_its_own_requirements_red_and_no_others(
    name: str, tmp_path: Path
) -> None:
    fault = FAULTS[name]
    file = runner.target_file(fault, tmp_path)
    options = (f"--target-file={file}", *QUICK)
    run = runner.run("fault", name, tmp_path, *options, dialect=DIALECT)
    red = {id_ for id_ in run.with_outcome("fail") if run.level(id_) != "MAY"}
    assert red >= set(fault.breaks), run.output
    assert red - set(fault.breaks) <= set(fault.consequences), run.output
    assert not run.with_outcome("error"), run.output
    must = {id_ for id_ in red if run.level(id_) == "MUST"}
    assert run.exit_code == (1 if must else 0), run.output


@pytest.mark.parametrize("name", sampled((each.name for each in LEGAL), ()))
def test_anthropic_a_legal_server_draws_just_the_findings_it_declares(
    name: str, tmp_path: Path
) -> None:
    legal = LEGAL[name]
    file = runner.target_file(legal, tmp_path)
    options = (f"--target-file={file}", *QUICK)
    run = runner.run("legal", name, tmp_path, *options, dialect=DIALECT)
    assert run.exit_code == 0, run.output
    assert run.with_outcome("fail") == set(legal.should), run.output
    assert not run.with_outcome("error"), run.output
