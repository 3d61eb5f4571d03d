"""Servers that people really write, judged whole: what is red is what is wrong, and no more."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sampling import ALL
from streamchat_fixtures.stacks import STACKS, running
from streamchat_fixtures.stacks.expectations import EXPECTATIONS

from . import runner

HERE = Path(__file__).parent
# By default by what such servers break, and by what is sent with it.
PARTS = ("--requirement=error.*", "--requirement=request.*", "--requirement=resilience.alive")
JUDGED = () if ALL else PARTS
NODE = [path for path in [shutil.which("node")] if path is not None]


def of_level(run: runner.Run, level: str) -> set[str]:
    """Return the failed requirements of a level."""
    return {id_ for id_ in run.with_outcome("fail") if run.level(id_) == level}


def test_fastapi_with_its_defaults_fails_by_its_own_kind_of_refusal(tmp_path: Path) -> None:
    # Its 422 repeats the request, so that a large one is answered at greater length than is
    # recorded: that is error.bounded, and says nothing about how the answer ends.
    with running(STACKS["fastapi-default-h11"]) as url:
        run = runner.run_against(url, tmp_path, "--layer=application", *runner.QUICK, *JUDGED)
    assert of_level(run, "MUST") == {"error.shape", "error.status", "request.body-not-utf8"}, (
        run.output
    )
    assert of_level(run, "SHOULD") == {"error.bounded", "request.non-finite-numbers"}, run.output
    assert run.with_outcome("blocked") == {"error.routing-json"}, run.output
    assert not run.with_outcome("error"), run.output


# Node comes with no package; where it is not installed there is nothing to judge.
@pytest.mark.parametrize("node", NODE)
def test_a_node_process_that_dies_of_one_request_is_named_by_that_request(
    node: str, tmp_path: Path
) -> None:
    dying = (node, str(HERE / "dies_of_a_number.mjs"), "{port}", "{app}")
    with running(replace(STACKS["node-http"], command=dying)) as url:
        run = runner.run_against(url, tmp_path, *runner.QUICK, *JUDGED)
    of_the_stack = set(EXPECTATIONS["node-http"])
    by_its_death = {"resilience.alive", "request.never-5xx"}
    assert of_level(run, "MUST") - of_the_stack == by_its_death, run.output
    assert "request.prompt-not-string" in of_level(run, "SHOULD"), run.output
    assert '"prompt":1' in run.output.replace(" ", ""), run.output
    assert not run.with_outcome("error"), run.output
