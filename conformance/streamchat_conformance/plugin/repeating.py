"""Cases that run again where a busy machine may be the reason that they failed."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator

import pytest

from streamchat_conformance.suite.budget.cost import cost_of
from streamchat_conformance.suite.scenarios.observations import SOURCES
from streamchat_conformance.suite.scenarios.repeating import may_be_held_up
from streamchat_conformance.suite.target.confirming import NOTICED_S, REPEATS
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import Violation

OWN_ROUNDS = ("resilience.",)
"""Areas whose cases have rounds of their own."""
OF_CONNECTIONS = ("connection.",)
"""Areas in which it matters how long a connection was idle between two exchanges."""
RECORDED_BEFORE = (*SOURCES, "idle")
"""What was recorded alongside the cases: it is recorded again where a case runs again."""


class CaseRepetition:
    """Runs a case again that failed, where that may be due to how long something took.

    It has failed if it does so each time.
    """

    def __init__(self, id_of: Callable[[pytest.Item], str]) -> None:
        self._id_of = id_of

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(
        self, pyfuncitem: pytest.Function
    ) -> Generator[None, object | None, object | None]:
        """Run a case, again if need be."""
        began_at = time.monotonic()
        try:
            return (yield)
        except Violation as found:
            failure = found
        took_s = time.monotonic() - began_at
        for _ in range(REPEATS):
            if not self._in_doubt(pyfuncitem, failure, took_s):
                raise failure
            try:
                self._run_again(pyfuncitem)
            except Violation as found:
                failure = found
            else:
                return True
        raise failure

    def _in_doubt(self, item: pytest.Function, failure: Violation, took_s: float) -> bool:
        target, id_ = item.funcargs.get("target"), self._id_of(item)
        if not isinstance(target, Target) or id_.startswith(OWN_ROUNDS):
            return False
        # What is entered was confirmed before, and what is generated is repeated by itself.
        if target.ledger.red(id_) or cost_of(item.function).is_property:
            return False
        idle = id_.startswith(OF_CONNECTIONS) and took_s >= NOTICED_S
        return idle or may_be_held_up(target, failure)

    def _run_again(self, item: pytest.Function) -> None:
        target = item.funcargs["target"]
        assert isinstance(target, Target)
        target.background.forget(RECORDED_BEFORE)
        for name in SOURCES:
            target.known.observed.pop(name, None)
        names = inspect.signature(item.obj).parameters
        item.obj(**{name: item.funcargs[name] for name in names})
