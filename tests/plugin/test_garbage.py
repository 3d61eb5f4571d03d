"""Garbage is collected from a run's first case on, and after the run as before it."""

import gc

import pytest
from streamchat_conformance.__main__ import EXIT_USAGE, main
from streamchat_conformance.commands.garbage import GarbageOfTheRun, no_garbage_of_imports


def test_garbage_is_collected_after_a_run_that_ended_at_a_wrong_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--no-such-option"]) == EXIT_USAGE
    assert gc.isenabled()
    assert "--no-such-option" in capsys.readouterr().err


def test_no_garbage_is_collected_before_the_first_case() -> None:
    with no_garbage_of_imports():
        assert not gc.isenabled()
        GarbageOfTheRun().pytest_runtestloop()
        assert gc.isenabled()
