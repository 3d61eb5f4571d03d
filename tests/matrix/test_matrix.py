"""The suite against the faulty and legal servers of every dialect, each run whole.

By default a sample runs; `STREAMCHAT_MATRIX=all` runs every variant, and with
`STREAMCHAT_MATRIX_DIALECT` those of one dialect (see the tox environments `matrix`,
`matrix-openai` and `matrix-anthropic`).
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from sampling import ALL, sampled
from streamchat_fixtures.dialects import DEFAULT, NAMES, faults_of, legal_of
from streamchat_fixtures.variants import Variant

from . import runner
from .runner import QUICK

CHOSEN = os.environ.get("STREAMCHAT_MATRIX_DIALECT")
DIALECTS = NAMES if CHOSEN is None else (CHOSEN,)

# One of each kind of proof, layer and outcome: the rest is for the environments `matrix`. Of
# another dialect, one that breaks a MUST in each stream, and one that draws findings in streams
# and refusals. A dialect that is not named has no sample.
FAULT_SAMPLES = {
    DEFAULT: ("refusals-are-422", "length-preferred-to-chunks", "last-event-without-blank-line"),
    "openai": ("id-counts-up",),
}
LEGAL_SAMPLES = {DEFAULT: ("one-event-alone",), "openai": ("like-lm-studio",)}


def servers(
    variants_of: Callable[[str], Iterable[Variant]], samples: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, str]]:
    """Return the dialect and the name of each server that is judged."""
    return [
        (dialect, name)
        for dialect in DIALECTS
        for name in sampled((each.name for each in variants_of(dialect)), samples.get(dialect, ()))
    ]


def judged(kind: str, dialect: str, variant: Variant, folder: Path) -> runner.Run:
    """Run the suite against one server.

    The sample of another dialect than the default is judged by the dialect's own requirements
    alone, so that it takes little time.
    """
    part = () if ALL or dialect == DEFAULT else (f"--requirement={dialect}.*",)
    file = f"--target-file={runner.target_file(variant, folder)}"
    return runner.run(kind, variant.name, folder, file, *QUICK, *part, dialect=dialect)


@pytest.mark.parametrize(("dialect", "name"), servers(faults_of, FAULT_SAMPLES))
def test_a_fault_turns_its_own_requirements_red_and_no_others(
    dialect: str, name: str, tmp_path: Path
) -> None:
    fault = faults_of(dialect)[name]
    run = judged("fault", dialect, fault, tmp_path)
    red = {id_ for id_ in run.with_outcome("fail") if run.level(id_) != "MAY"}
    assert red >= set(fault.breaks), run.output
    assert red - set(fault.breaks) <= set(fault.consequences), run.output
    assert not run.with_outcome("error"), run.output
    must = {id_ for id_ in red if run.level(id_) == "MUST"}
    assert run.exit_code == (1 if must else 0), run.output


@pytest.mark.parametrize(("dialect", "name"), servers(legal_of, LEGAL_SAMPLES))
def test_a_legal_server_draws_just_the_findings_it_declares(
    dialect: str, name: str, tmp_path: Path
) -> None:
    legal = legal_of(dialect)[name]
    run = judged("legal", dialect, legal, tmp_path)
    assert run.exit_code == 0, run.output
    assert run.with_outcome("fail") == set(legal.should), run.output
    assert not run.with_outcome("error"), run.output
