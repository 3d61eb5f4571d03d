"""The suite inside one pytest session: selects cases, runs the preflight, judges reports.

Registered as a plugin once the suite's cases have been collected. Under xdist each worker has
one, and `gathering.GatheringSession` puts their results together.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from types import FrameType

import pytest

from streamchat_conformance.catalogue import Requirement
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.plugin.collecting import Gathering
from streamchat_conformance.plugin.configure import checked_settings, layer_of, selected_ids
from streamchat_conformance.plugin.state import RunState
from streamchat_conformance.plugin.totals import colour
from streamchat_conformance.report.junit import junit_properties
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.report.terminal import describe
from streamchat_conformance.suite.budget.cost import Cost, cost_of
from streamchat_conformance.suite.budget.plan import PricedCase
from streamchat_conformance.suite.scenarios.chunked_requests import (
    LEAN_ON_THEM,
    find_out_whether_served,
)
from streamchat_conformance.suite.scenarios.independent import independence_of
from streamchat_conformance.suite.scenarios.overlap import (
    IndependentCase,
    Overlapped,
    can_overlap,
    run_overlapped,
)
from streamchat_conformance.suite.target.target import SLOW_FIRST_EVENT_S, Target
from streamchat_conformance.suite.verdicts.causes import ABANDONED, ALIVE
from streamchat_conformance.suite.verdicts.judged import settled
from streamchat_conformance.suite.verdicts.outcomes import (
    Blocked,
    CheckFailed,
    NotApplicable,
    NothingSeen,
    NotRun,
    NotTestable,
    Outcome,
    Violation,
)
from streamchat_conformance.suite.verdicts.results import Result
from streamchat_conformance.suite.verdicts.trimming import trimmed

DEFAULT_REPORTCHARS = "fE"
"""What pytest lists at the end of a run unless it is asked for something else."""

OUTCOMES = (Violation, Blocked, NotApplicable, NotRun, NotTestable)
"""What a case raises to report its outcome: no traceback of it is shown."""

TOGETHER = ("resilience.concurrent", "resilience.concurrent-many")
"""Decided first, while nothing else goes on: how many requests a target serves at once."""


class SuiteSession(Gathering):
    """Runs the cases of this process against one target."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._worker = hasattr(config, "workerinput")
        workers = config.workerinput["workercount"] if self._worker else 1  # type: ignore[attr-defined]  # xdist's
        self.state = RunState(checked_settings(config), set(), self.rules, workers=workers)
        self._overlapped: Overlapped | None = None
        """What became of cases that ran at the same time, once they have."""

    @property
    def target(self) -> Target:
        """The server under test. Raises NotTestable when the preflight failed."""
        if self.state.target is None:
            raise NotTestable(self.results.facts.not_testable or "the preflight did not finish")
        return self.state.target

    # -- collection ----------------------------------------------------------------------

    def select(self, items: list[pytest.Item], is_case: Callable[[pytest.Item], bool]) -> None:
        """Leave out the requirements that `--requirement` leaves out, and order the rest.

        Cases that need the course of time, or look at all that was recorded, come last.
        """
        globs = self.config.getoption("--requirement")
        chosen = selected_ids(self.rules, globs, layer_of(self.config))
        deselected = [item for item in items if is_case(item) and id_of(item) not in chosen]
        if deselected:
            self.config.hook.pytest_deselected(items=deselected)
            items[:] = [item for item in items if item not in deselected]
        items.sort(key=lambda item: _order(item) if is_case(item) else -1)
        self.state.selected = {id_of(item) for item in items if is_case(item)}
        for item in items:
            item.user_properties.extend(junit_properties(self._requirement_of(item)))
        quiet = self.config.option.reportchars == DEFAULT_REPORTCHARS
        if all(is_case(item) for item in items) and self.config.option.tbstyle == "auto":
            # The summary shows each failure; pytest's own sections would show it twice.
            self.config.option.tbstyle = "no"
            reporter = self.config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None and quiet:
                reporter.reportchars = ""

    def _requirement_of(self, item: pytest.Item) -> Requirement | None:
        """Return the requirement that a case decides, or None for a test of another kind."""
        return self.rules.catalogue.get(id_of(item))

    # -- running -------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the preflight before the first case; without a testable one no case is run."""
        if self.config.option.collectonly or session.testsfailed:
            return None
        if threading.current_thread() is threading.main_thread():
            # A CI that gives up sends SIGTERM: it is an interruption, and reports are written.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._interrupt)
        self._prepare(session)
        try:
            self.state.start()
        except NotTestable:
            return None if self._worker else True
        return None

    def _prepare(self, session: pytest.Session) -> None:
        """Say what is going to be sent, and put first what proves the most."""
        items = [item for item in session.items if id_of(item)]
        priced = {item: self._priced(item) for item in items}
        line = self.state.prepare(list(priced.values()))
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not self._worker:
            reporter.ensure_newline()
            reporter.line(f"requests      {line}")
        if self.state.plan.left_out and not self._worker:
            # What comes last may find that others sent more than was expected.
            places = {id_: place for place, id_ in enumerate(self.state.plan.order)}
            last = len(places)
            session.items.sort(key=lambda item: (_order(item), places.get(id_of(item), last)))

    def _priced(self, item: pytest.Item) -> PricedCase:
        """Return a case with what it costs."""
        requirement = self.rules.catalogue[id_of(item)]
        free = _order(item) == JUDGED
        cost = Cost(0) if free else cost_of(item.function)  # type: ignore[attr-defined]  # a test function's item
        name = getattr(item, "originalname", item.name)
        return PricedCase(requirement.id, name, requirement.level, cost)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """End the run, even if this is called where Python drops an exception.

        That is in a finalizer or in a callback of the garbage collector: the next request raises
        it again.
        """
        self.state.interrupted.set()
        signal.default_int_handler(number, frame)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Hold a case back whose capabilities the target lacks."""
        requirement = self._requirement_of(item)
        if requirement is None:
            return
        if reason := self.state.plan.left_out.get(requirement.id):
            raise NotRun(reason)
        target = self.state.target
        if _order(item) == ABANDONING:
            self.state.observe_endless()
        if _order(item) > ABANDONING and target is not None:
            # Whether streams run side by side is seen best while nothing else goes on.
            self.state.observe()
            target.known.peaceful = False
            self._overlap(item.session.items, target)
        if target is not None and _order(item) == LIVE:
            # Where nothing more may be sent, the case itself says so.
            with suppress(NotRun):
                target.liveness.gone()
        self.target.require_needs(requirement)

    def _overlap(self, items: list[pytest.Item], target: Target) -> None:
        """Run the independent cases at the same time, once, if the target is fit for it."""
        if self._overlapped is not None:
            return
        self._overlapped = Overlapped()
        if self._worker or not can_overlap(target):
            return
        cases = [case for item in items if (case := self._independent(item, target)) is not None]
        needed = {id_of(item) for item in items} & LEAN_ON_THEM
        if needed and target.bounds.budget.max_requests is None:
            cases.append(IndependentCase("served in chunks", find_out_whether_served))
        self._overlapped = run_overlapped(target, cases)

    def _independent(self, item: pytest.Item, target: Target) -> IndependentCase | None:
        """Return a case that may overlap with others, if this is one and is going to be run."""
        requirement = self._requirement_of(item)
        if requirement is None or _order(item) != LIVE:
            return None
        function: Callable[[Target], None] = item.function  # type: ignore[attr-defined]  # a test function's item
        kind = self.rules.kinds.get(requirement.id, Expectation.ACCEPT)
        is_property = cost_of(function).is_property
        known = independence_of(function)
        if known is None:
            return None
        left_out = requirement.id in self.state.plan.left_out
        if left_out or not all(map(target.has, requirement.needs)):
            return None
        hostile = known.hostile or (kind is Expectation.REFUSE and is_property)
        # Generated requests that may be refused are many a server's end. Of a slow target several
        # are asked at once: which of them was its end is looked for while nothing else goes on.
        perilous = known.perilous or (kind is Expectation.EITHER and is_property)
        if perilous and target.baseline.first_event_s >= SLOW_FIRST_EVENT_S:
            return None
        at_once = 1 if perilous else known.at_once
        return IndependentCase(item.nodeid, function, at_once, hostile, is_property, perilous)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Do not run a case again that overlapped with others, and found nothing."""
        sound = self._overlapped is not None and pyfuncitem.nodeid in self._overlapped.sound
        return True if sound else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn what a case raised into an outcome of its requirement."""
        if call.excinfo is not None and isinstance(call.excinfo.value, OUTCOMES):
            call.excinfo = _without_callers(call.excinfo)
        report = yield
        requirement = self._requirement_of(item)
        if requirement is None or (call.when != "call" and call.excinfo is None):
            return report
        result = self._result(requirement, item, call)
        self._check_overlapped(item, result)
        report.streamchat = result.to_json()  # type: ignore[attr-defined]  # travels with it
        text = describe(result, redactor=Redactor(self.state.settings.confidential))
        colour(report, result, text, gates=self.gates(result))
        return report

    def _check_overlapped(self, item: pytest.Item, result: Result) -> None:
        """Forget what overlapped cases have found if one saw a fault that does not come alone.

        It may be due to the others, or it comes now and then: the other cases may have missed it.
        """
        target = self.state.target
        if target is None or self._overlapped is None or result.outcome is not Outcome.PASS:
            return
        disturbed = self._overlapped.disturbed.get(item.nodeid)
        if disturbed is not None and disturbed.ids and not any(map(target.red, disturbed.ids)):
            self._overlapped.sound.clear()

    def _result(
        self, requirement: Requirement, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Result:
        result = Result(requirement, Outcome.PASS)
        target = self.state.target
        raised: BaseException | None = call.excinfo.value if call.excinfo is not None else None
        entry = None
        if target is not None:
            entry = target.ledger.entries.get(requirement.id)
            tried = target.bounds.tried.get(getattr(item, "originalname", item.name), 0)
            result.examples = max(entry.judged if entry else 0, tried)
            raised = settled(target, requirement.id, raised)
        if raised is None:
            result.examples = max(1, result.examples)
        elif isinstance(raised, Violation):
            self._fail(result, raised)
            # Generated requests that a case judged by itself are counted by nobody.
            if entry is not None and entry.judged == result.examples:
                result.broken = entry.failed
        elif isinstance(raised, NotRun) or (isinstance(raised, NothingSeen) and self.state.limited):
            result.outcome, result.reason = Outcome.NOT_RUN, str(raised)
        elif isinstance(raised, Blocked):
            result.outcome, result.cause = Outcome.BLOCKED, raised.cause
            result.reason = raised.reason
        elif isinstance(raised, NotApplicable):
            result.outcome, result.reason = Outcome.NOT_APPLICABLE, str(raised)
        elif isinstance(raised, NotTestable):
            # The target went away in mid-run; resilience.alive says so.
            result.outcome = Outcome.BLOCKED
            result.cause = target.ledger.end if target is not None else ALIVE
            result.reason = raised.reason
        elif isinstance(raised, CheckFailed):
            result.outcome, result.reason = Outcome.ERROR, str(raised)
        else:
            result.outcome = Outcome.ERROR
            result.reason = f"{type(raised).__name__} in {item.name}"
        return result

    def _fail(self, result: Result, raised: Violation) -> None:
        """Enter what a case found, under its cause if another requirement explains it."""
        target, id_ = self.state.target, result.requirement.id
        result.outcome = Outcome.FAIL
        result.findings = [
            (finding, trimmed(exchange) if exchange is not None else None)
            for finding, exchange in raised.findings
        ]
        result.examples = max(1, result.examples)
        if target is None:
            return
        result.cause = _cause(target, id_, raised)
        if result.cause:
            result.outcome = Outcome.BLOCKED
        else:
            target.known.failed.add(id_)

    def finish(self, session: pytest.Session) -> None:
        """Hand over what was seen, or decide the exit code and write the reports."""
        self.state.stop()
        seen = self.state.seen()
        facts = self.state.results.facts
        if self._worker:
            self.config.workeroutput["streamchat"] = {  # type: ignore[attr-defined]  # xdist's
                **seen,
                "not_testable": facts.not_testable,
                "hint": facts.hint,
            }
            return
        self.results.facts = facts
        self.merge(seen)
        self.decide(session, self.state.started, self.state.duration_s)


def _cause(target: Target, id_: str, raised: Violation) -> str:
    """Return the requirement that explains what a case found, or an empty string."""
    exchanges = [exchange for _, exchange in raised.findings]
    end = target.ledger.explained_by_the_end(id_, exchanges)
    return end or target.ledger.cause(id_, target.known.failed)


def _without_callers(
    raised: pytest.ExceptionInfo[BaseException],
) -> pytest.ExceptionInfo[BaseException]:
    """Return what was raised without the frames of its callers.

    pytest looks up the file of each frame to shorten a traceback, which takes longer than the case.
    """
    traceback = raised.tb
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return pytest.ExceptionInfo.from_exc_info((raised.type, raised.value, traceback))


def id_of(item: pytest.Item) -> str:
    """Return the id of the requirement that a case decides, or an empty string."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    for name in ("judged_id", "decided_id"):
        if name in params:
            return str(params[name])
    return str(getattr(getattr(item, "function", None), "__requirement_id__", ""))


FIRST, ABANDONING, LIVE, JUDGED, LAST = range(5)
"""Where a case stands: generators first, then what looks at everything recorded."""


def _order(item: pytest.Item) -> int:
    """Return where a case stands in the run."""
    if "judged_id" in getattr(getattr(item, "callspec", None), "params", {}):
        return JUDGED
    # What a target cannot serve at once it needs not be asked for again and again. And the cases
    # abandon streams all the time: what those leave behind has to be known by the others.
    if id_of(item) in TOGETHER:
        return FIRST
    return {ABANDONED: ABANDONING, ALIVE: LAST}.get(id_of(item), LIVE)
