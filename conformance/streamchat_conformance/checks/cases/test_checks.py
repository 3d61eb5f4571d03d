"""One case for each custom check: all that the run has recorded decides it."""

from __future__ import annotations

import pytest

from streamchat_conformance.checks.loading import RUN_CHECKS, raise_failure
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import verdict


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each check that the run has."""
    checks = metafunc.config.stash.get(RUN_CHECKS, ())
    metafunc.parametrize("judged_id", [check.requirement.id for check in checks])


def test_every_exchange_passes_the_check(target: Target, judged_id: str) -> None:
    raise_failure(target.ledger.rules, judged_id)
    verdict(target, judged_id)
