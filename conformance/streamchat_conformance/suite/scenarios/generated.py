"""Properties: a case is run on generated requests, and a failure shows the smallest one.

Hypothesis generates and shrinks. On top of that a live server needs three things: a bound on
time (a stream's first event may take a second), a memory of what failed (a server that answers
differently to the same request must not crash the run), and a count of how often the smallest
request fails when it is sent again.

Hypothesis has no bound on time, and keeps a record of all that it has generated. So `TimeOver`
leaves it when time is over, and a run that is bounded by time alone consists of rounds, each with
a fresh engine and a seed of its own: its memory is that of one round.
"""

from __future__ import annotations

import inspect
import math
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import hypothesis
from hypothesis import strategies as st

from streamchat_conformance.suite.budget.cost import Cost
from streamchat_conformance.suite.scenarios.drawing import (
    TimeOver,
    constants_left_out,
    draw,
    engine_settings,
)
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.overload import NoRoom
from streamchat_conformance.suite.target.target import (
    CONCURRENT_REQUESTS,
    SLOW_FIRST_EVENT_S,
    Target,
)
from streamchat_conformance.suite.verdicts.barred_requests import BarredRequests
from streamchat_conformance.suite.verdicts.outcomes import (
    Barred,
    Blocked,
    NotApplicable,
    NotRun,
    NotTestable,
    Violation,
)
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, one_by_one, overlaps

SHRINK_S = 5.0
"""How long a failing request is made smaller (seconds)."""
LISTED_EXAMPLES_LIMIT_S = 8.0
"""How long the examples that a case lists may take, where they need more than its time (seconds).

Each of them shows what no other example does: one that is left out is a fault that is missed. What
a strategy draws has the rest of the property's time alone."""
LISTED_EXAMPLE_S = 0.2
"""How long each may take where they are many, on a quick target: machines are busy (seconds)."""
STREAMLESS_S = 0.5
"""Time for a property on a target whose valid requests are slow and bring no stream (seconds)."""
REPEATS = 4
"""How often the smallest failing request is sent again, to see whether it always fails."""
REPEATS_S = 6.0
"""How long that may take (seconds)."""
TYPICAL_EXAMPLES = 20
"""About how many examples a property has that makes them for the target."""
ROUND_EXAMPLES = 250
"""How many examples one round of a property has that is bounded by time alone."""
EXHAUSTED_EXAMPLES = ROUND_EXAMPLES // 10
"""A round that ends with fewer has drawn all that there is to draw."""


class _Run:
    """One run of one property."""

    def __init__(self, case: Callable[[Target, Any], None], target: Target, share: float) -> None:
        self.case = case
        self.target = target
        settings = target.settings
        self.max_examples = max(3, round(settings.thoroughness.examples * share))
        self.allotted = target.bounds.plan.examples.get(case.__name__)
        """How many examples the plan of the run has for this property; None for no limit."""
        self.timed = bool(settings.fuzz_seconds)
        """Whether time alone bounds the run, and not the number of examples."""
        self.tried = 0
        """Examples that were really run."""
        baseline = target.baseline
        streamless = not baseline.streams and baseline.duration_s >= SLOW_FIRST_EVENT_S
        self.began_at = time.monotonic()
        self.ends_at = self.began_at + (STREAMLESS_S if streamless else target.bounds.property_s())
        short = streamless or target.bounds.timeouts.shortens_properties
        self.listed_end_at = self.began_at + (0.0 if short else LISTED_EXAMPLES_LIMIT_S)
        self.listing = True
        """Whether examples that the case lists are being tried."""
        if self.timed:
            self.max_examples = ROUND_EXAMPLES
            self.ends_at += settings.fuzz_seconds
        self.failures: dict[str, Violation] = {}
        self.values: dict[str, Any] = {}
        """Failing values, by their representation."""
        self.disturbed = False
        """Whether it met what other cases may have caused: it runs again, alone."""
        self.stopped: Blocked | NotApplicable | NotRun | NotTestable | None = None
        """Why nothing more is tried. Hypothesis must not see it: it would ask for it again."""
        self.put_off: NoRoom | None = None
        """What became of the last example that the server put off for too long."""
        self.barred = BarredRequests()
        """Examples that were refused for a reason that is not the request."""
        self.shrinks = baseline.first_event_s < SLOW_FIRST_EVENT_S
        """Whether there is time to make a failing request smaller."""
        self.shrink_ends_at: float | None = None

    def allow(self, listed: int) -> None:
        """Give that many listed examples the time that they may take."""
        if self.shrinks and self.listed_end_at > self.began_at:
            enough_at = self.began_at + LISTED_EXAMPLE_S * listed
            self.listed_end_at = max(self.listed_end_at, enough_at)

    def example(self, value: Any) -> None:
        """Run the case on one value; raise what failed, always from the same line.

        Raises `TimeOver` when nothing more is to be tried.
        """
        key = repr(value)
        if key not in self.failures:
            if self.target.bounds.interrupted.is_set():
                raise KeyboardInterrupt
            if self.over:
                raise TimeOver
            self.values[key] = value
            self._try(key, value)
            if key not in self.failures:
                del self.values[key]
        failure = self.failures.get(key)
        if failure is not None:
            # Without its old traceback: Hypothesis distinguishes failures by where they were
            # raised.
            raise failure.with_traceback(None)

    def attempt(self, value: Any) -> None:
        """Run the case on one value and remember what failed."""
        if not self.over:
            self._try(repr(value), value)

    def attempt_together(self, values: Iterable[Any], *, at_once: int) -> bool:
        """Run the case on several values at once; return whether some failed."""
        self.values.update({repr(value): value for value in values})
        run_together(self.attempt, list(self.values.values()), at_once=at_once)
        if not self.failures:
            self.values.clear()
        return bool(self.failures)

    def draw(
        self, strategy: st.SearchStrategy[Any], seed: int, count: int, **most: int
    ) -> list[Any]:
        """Return values as `draw` does; the time that takes is none of the run's."""
        began_at = time.monotonic()
        drawn = draw(strategy, seed, count, **most)
        spent_s = time.monotonic() - began_at
        self.began_at += spent_s
        self.ends_at += spent_s
        self.listed_end_at += spent_s
        return drawn

    def _try(self, key: str, value: Any) -> None:
        self.target.bounds.generated += 1
        self.tried += 1
        try:
            self.case(self.target, value)
        except Violation as failure:
            self.failures[key] = failure
            if self.shrinks and self.shrink_ends_at is None:
                self.shrink_ends_at = time.monotonic() + SHRINK_S
        except NoRoom as outcome:
            self.tried -= 1
            self.put_off = outcome
        except Barred as outcome:
            self.stopped = self.barred.add(outcome, self.tried)
        except (Blocked, NotApplicable, NotRun, NotTestable) as outcome:
            self.stopped = outcome
        except Disturbed:
            self.disturbed = True
            raise

    @property
    def over(self) -> bool:
        """Whether nothing more is to be tried: time is over, or the target stopped the run."""
        if self.stopped is not None or self.disturbed or (self.failures and overlaps()):
            return True
        if self.allotted is not None and (self.failures or self.tried >= self.allotted):
            return True
        now = time.monotonic()
        if self.shrink_ends_at is not None:
            return now >= self.shrink_ends_at
        return now >= (max(self.ends_at, self.listed_end_at) if self.listing else self.ends_at)

    def shortest(self) -> Violation | None:
        """Return the failure of the value with the shortest representation, or None."""
        keys = sorted(self.failures, key=lambda key: (len(key), key))
        return self.failures[keys[0]] if keys else None

    def repeat(self, failure: Violation) -> Violation:
        """Send the smallest failing request again, and say how often it failed."""
        value = next(key for key, known in self.failures.items() if known is failure)
        drawn = self.values[value]
        ends_at = time.monotonic() + REPEATS_S

        def again(_: int) -> bool | None:
            """Return whether it failed; None if that cannot be said, or time is over."""
            if time.monotonic() >= ends_at:
                return None
            try:
                self.case(self.target, drawn)
            except Violation:
                return True
            except (Blocked, NotApplicable, NotRun, NotTestable):
                return None
            return False

        # Where requests are counted, once more has to be enough.
        repeats = REPEATS if self.allotted is None else 1
        answers = run_together(again, range(repeats), at_once=1 if self.shrinks else repeats)
        known = [each for each in answers if each is not None]
        failed, tried = 1 + sum(known), 1 + len(known)
        if failed == tried:
            return failure
        note = f" [flaky target: the same request failed {failed} of {tried} times]"
        return Violation(
            *(
                (replace(finding, message=finding.message + note), exchange)
                for finding, exchange in failure.findings
            )
        )


def generated(
    strategy: st.SearchStrategy[Any] | Callable[[], st.SearchStrategy[Any]],
    *,
    examples: Sequence[Any] | Callable[[Target], Sequence[Any]] = (),
    share: float = 1.0,
    perilous: bool = False,
) -> Callable[[Callable[[Target, Any], None]], Callable[[Target], None]]:
    """Run a case `(target, value)` on `examples` first, and then on what the strategy draws.

    Examples may depend on the target. `share` scales how many are drawn. The case becomes a test
    of the fixture `target` alone. What is `perilous` may well end the server: next to others it has
    one request under way at a time.
    """
    return generated_for(
        lambda _: strategy() if callable(strategy) else strategy,
        examples=examples,
        share=share,
        perilous=perilous,
    )


def generated_for(
    strategy: Callable[[Target], st.SearchStrategy[Any]],
    *,
    examples: Sequence[Any] | Callable[[Target], Sequence[Any]] = (),
    share: float = 1.0,
    perilous: bool = False,
) -> Callable[[Callable[[Target, Any], None]], Callable[[Target], None]]:
    """Run a case as `generated` does, on what a strategy for this target draws."""

    def decorate(case: Callable[[Target, Any], None]) -> Callable[[Target], None]:
        def test(target: Target) -> None:
            run = _Run(case, target, share)
            values = examples(target) if callable(examples) else examples
            run.allow(len(values))
            failure = _drive(run, strategy(target), values, _seed(case, target))
            target.bounds.spent_s += time.monotonic() - run.began_at
            target.bounds.tried[case.__name__] = run.tried
            if failure is not None:
                # What fails next to other cases is run again anyway.
                raise failure if overlaps() else run.repeat(failure)
            if run.stopped is not None:
                raise run.stopped
            if run.put_off is not None and not run.tried:
                raise run.put_off
            if (outcome := run.barred.most_of(run.tried)) is not None:
                raise outcome

        listed = TYPICAL_EXAMPLES if callable(examples) else len(examples)
        test.__cost__ = Cost(0, listed, share)  # type: ignore[attr-defined]  # read back by the plan
        test.__name__ = case.__name__
        test.__qualname__ = case.__qualname__
        test.__module__ = case.__module__
        test.__doc__ = case.__doc__
        test.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]  # what pytest reads
        at_once = 1 if perilous else CONCURRENT_REQUESTS
        return independent(at_once=at_once, perilous=perilous)(test)

    return decorate


def _seed(case: Callable[..., object], target: Target) -> int:
    """Return the seed of a property: fixed by its name, moved by `--seed`."""
    return zlib.crc32(case.__qualname__.encode()) ^ (target.settings.seed or 0)


def _seeds(run: _Run, seed: int) -> Iterator[int]:
    """Yield the seed of each round: one, or where time alone bounds the run as many as it has."""
    yield seed
    while run.timed and not run.over:
        seed = zlib.crc32(seed.to_bytes(8))
        yield seed


def _drive(
    run: _Run, strategy: st.SearchStrategy[Any], examples: Sequence[Any], seed: int
) -> Violation | None:
    """Run the property; return the failure of the smallest value, or None."""
    if not run.shrinks:
        return _drive_side_by_side(run, strategy, examples, seed)
    if overlaps():
        return _drive_in_advance(run, strategy, examples, seed)
    try:
        for value in examples:
            run.example(value)
        run.listing = False
        for round_seed in _seeds(run, seed):
            tried = run.tried
            _one_round(run, strategy, round_seed)
            if run.tried - tried < EXHAUSTED_EXAMPLES:
                break
    except Violation as failure:
        return failure
    except TimeOver:
        return run.shortest()
    return None


def _one_round(run: _Run, strategy: st.SearchStrategy[Any], seed: int) -> None:
    """Run the property on what one engine draws. Raises Violation, or `TimeOver`."""

    @hypothesis.seed(seed)
    @engine_settings(run.max_examples)
    @hypothesis.given(strategy)
    def property_holds(value: Any) -> None:
        run.example(value)

    with constants_left_out():
        property_holds()


def _drive_side_by_side(
    run: _Run, strategy: st.SearchStrategy[Any], examples: Sequence[Any], seed: int
) -> Violation | None:
    """Run the property on a target that thinks before it speaks: several values at once.

    There is no time to shrink then; of the values that fail the shortest is reported.
    """
    values = list(examples)
    at_once = run.target.concurrent_requests
    if run.allotted is None:
        if run.attempt_together(values, at_once=at_once):
            return run.shortest()
        values.clear()
    run.listing = False
    for round_seed in _seeds(run, seed):
        values += run.draw(strategy, round_seed, min(run.max_examples, CONCURRENT_REQUESTS))
        if run.attempt_together(values[: run.allotted], at_once=at_once):
            break
        values.clear()
    return run.shortest()


def _drive_in_advance(
    run: _Run, strategy: st.SearchStrategy[Any], examples: Sequence[Any], seed: int
) -> Violation | None:
    """Run the property on values that are drawn before, until the first failure.

    Those are the values that Hypothesis would try; what fails runs again on its own, and is shrunk
    then.
    """
    drawn = run.draw(strategy, seed, run.max_examples, enough=_enough(run, len(examples)))
    together = run.target.known.lets_wait and not one_by_one()
    at_once = CONCURRENT_REQUESTS if together else 1
    if not run.attempt_together(examples, at_once=at_once):
        run.listing = False
        run.attempt_together(drawn, at_once=at_once)
    return run.shortest()


def _enough(run: _Run, listed: int) -> int:
    """Return how many values a property can try at the most, `listed` ones aside."""
    tries: float = run.max_examples
    if run.allotted is not None:
        tries = min(tries, run.allotted - listed)
    if each_s := run.target.baseline.first_event_s:
        # As many as there is time for where one comes after the other.
        tries = min(tries, (run.ends_at - run.began_at) / each_s)
    return max(0, math.ceil(tries))
