"""Jobs beside the cases can be waited for together."""

import threading

from streamchat_conformance.suite.background import Background


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
