"""A case that may have failed because the machine was busy runs again before it has failed."""

from collections.abc import Callable, Generator
from types import SimpleNamespace

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.plugin.repeating import CaseRepetition
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.confirming import REPEATS
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import Violation

HEARTBEAT = "stream.heartbeat"
SILENT = Exchange(request=b"", ending=Ending.ABANDONED, ended_at_s=3.0)
PROMPT = Exchange(request=b"", ending=Ending.COMPLETE, ended_at_s=0.1)


def broken(exchange: Exchange | None = SILENT, id_: str = HEARTBEAT) -> Violation:
    return Violation((Finding(id_, "3.0 s without a byte"), exchange))


def runs_after(
    first: Violation, *later: Violation | None, id_: str = HEARTBEAT, red: bool = False
) -> int:
    """Return how often a case ran again whose first run failed; raises what is raised then."""
    ran = 0

    def case(target: Target) -> None:  # noqa: ARG001 - a case's signature
        nonlocal ran
        ran += 1
        outcome = later[ran - 1]
        if outcome is not None:
            raise outcome

    ledger = Ledger()
    if red:
        ledger.flag(Finding(id_, "broken"), PROMPT)
    target = Target(Settings(), Endpoint.from_url("http://127.0.0.1:9"), ledger)
    item = SimpleNamespace(funcargs={"target": target}, function=case, obj=case)
    hook: Callable[[object], Generator[None, object, object]] = CaseRepetition(
        lambda _: id_
    ).pytest_pyfunc_call  # type: ignore[assignment]  # a stand-in for pytest's item
    running = hook(item)
    next(running)
    with pytest.raises(StopIteration):
        running.throw(first)
    return ran


def test_a_case_that_passes_the_second_time_has_passed() -> None:
    assert runs_after(broken(), None) == 1


def test_a_case_that_fails_each_time_has_failed() -> None:
    with pytest.raises(Violation):
        runs_after(broken(), *[broken()] * REPEATS)


@pytest.mark.parametrize(
    ("first", "id_", "red"),
    [
        (broken(PROMPT), HEARTBEAT, False),
        (broken(None), HEARTBEAT, False),
        (broken(), "resilience.abandoned", False),
        (broken(), HEARTBEAT, True),
    ],
    ids=["in-time", "no-exchange", "has-rounds-of-its-own", "confirmed-before"],
)
def test_a_case_that_no_busy_machine_explains_fails_at_once(
    first: Violation, id_: str, red: bool
) -> None:
    with pytest.raises(Violation):
        runs_after(first, id_=id_, red=red)


def test_what_is_known_to_rest_on_time_runs_again_whatever_was_recorded() -> None:
    timed = Violation((Finding(HEARTBEAT, "late", timed=True), None))
    assert runs_after(timed, None) == 1
