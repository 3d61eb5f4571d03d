"""Which requirements run: `--requirement`, and pytest's own `-k`, `-x` and `-n`."""

from __future__ import annotations

import pytest
from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.faults import FAULTS

from .conftest import Judge
from .test_report import check_form


def test_globs_include_and_exclude(run: Judge, control: str) -> None:
    done = run(
        f"--target-url={control}",
        *("--requirement=headers.c*", "--requirement=!headers.connection-*"),
    )
    assert set(done.outcomes) - done.with_outcome("not-run") == {
        "headers.cache-control",
        "headers.charset",
    }


def test_a_run_without_any_must_is_an_error(run: Judge, control: str) -> None:
    done = run(f"--target-url={control}", "--requirement=headers.date")
    assert done.code == 4
    assert "not one MUST requirement was run" in done.out


def test_k_chooses_by_requirement_id(run: Judge, control: str) -> None:
    done = run(f"--target-url={control}", "-k", "headers.charset")
    assert done.code == 0
    assert set(done.outcomes) - done.with_outcome("not-run") == {"headers.charset"}


def test_k_that_leaves_nothing_is_an_error(run: Judge, control: str) -> None:
    done = run(f"--target-url={control}", "-k", "nonesuch")
    assert done.code == 4
    assert "not one MUST requirement was run" in done.out


def test_x_ends_the_run_with_the_first_failure(run: Judge) -> None:
    with ControlServer([FAULTS["no-cache-control"], FAULTS["stream-is-201"]]) as server:
        done = run(f"--target-url={server.url}", "--requirement=headers.*", "-x")
    assert done.code == 1
    assert "stopping after 1 failures" in done.out
    check_form(done)


@pytest.mark.parametrize("fault", ["", "prompt-stripped"])
def test_two_workers_say_what_one_says(run: Judge, fault: str) -> None:
    options = ("--requirement=payload.*-echo", "--requirement=error.*")
    with ControlServer([FAULTS[fault]] if fault else []) as server:
        alone = run(f"--target-url={server.url}", *options)
    with ControlServer([FAULTS[fault]] if fault else []) as server:
        divided = run(f"--target-url={server.url}", *options, "-n", "2")
    assert alone.code == divided.code == (1 if fault else 0)
    assert alone.outcomes == divided.outcomes
    check_form(divided)
    assert "verdict " in divided.out


def test_workers_that_find_no_target_say_so_once(run: Judge) -> None:
    done = run("--target-url=http://127.0.0.1:1", "--requirement=headers.*", "-n", "2")
    assert done.code == 6
    assert done.out.count("not testable: ") == 1
