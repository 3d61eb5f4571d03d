"""Background jobs can be waited for together."""

import threading

import pytest
from streamchat_conformance.suite.target.background import Background, run_together


def test_settling_waits_for_every_job() -> None:
    background = Background()
    go = threading.Event()
    background.start("one", go.wait)
    background.start("other", go.wait)
    background.settle(within_s=0.01)
    assert not any(background._jobs[name].done.is_set() for name in ("one", "other"))
    go.set()
    background.settle(within_s=10.0)
    assert background.result("one", within_s=0.0) is True
    assert background.result("other", within_s=0.0) is True


def test_settling_leaves_a_jobs_fault_to_its_result() -> None:
    background = Background()
    background.start("faulty", lambda: 1 / 0)
    background.settle(within_s=10.0)
    assert background.started("faulty")


def test_work_done_together_returns_its_results_in_order_and_raises_the_first_failure() -> None:
    assert run_together(lambda number: number * 2, range(9), at_once=4) == list(range(0, 18, 2))
    assert run_together(str, [], at_once=4) == []

    def fail(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        run_together(fail, range(3), at_once=3)
