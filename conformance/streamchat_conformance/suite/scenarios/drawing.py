"""Hypothesis' engine as properties use it: its settings, and values drawn in advance.

Hypothesis mixes constants into what it draws: those of modules that are loaded and not installed,
such as the suite itself in a clone. To collect them all sources are parsed, which takes a second;
and what a seed draws would depend on where the suite is installed, and on what else was imported.
So they are left out.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import hypothesis
from hypothesis import strategies as st

_PROVIDERS = "hypothesis.internal.conjecture.providers"
_COLLECT = "_get_local_constants"
"""Not part of Hypothesis' interface: a version without it draws as it does."""
_ENGINE = ThreadPoolExecutor(1, "streamchat-draws")
"""Where values are drawn in advance: older versions of Hypothesis know one thread at a time, and
others collect garbage for each thread that is new to them."""


class TimeOver(BaseException):
    """Leaves Hypothesis, which passes on what is no Exception and does not try it again."""


def engine_settings(max_examples: int) -> hypothesis.settings:
    """Return settings that generate and shrink, and leave everything else to the suite."""
    return hypothesis.settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )


@contextmanager
def constants_left_out() -> Iterator[None]:
    """Let Hypothesis draw without the constants of modules. For one thread at a time."""
    try:
        providers: Any = importlib.import_module(_PROVIDERS)
        collect, none = getattr(providers, _COLLECT), providers.Constants()
    except (ImportError, AttributeError):
        yield
        return
    setattr(providers, _COLLECT, lambda: none)
    try:
        yield
    finally:
        setattr(providers, _COLLECT, collect)


def draw(
    strategy: st.SearchStrategy[Any], seed: int, count: int, *, enough: int | None = None
) -> list[Any]:
    """Return the values that Hypothesis draws, without running anything on them.

    They are the first `enough` of those that it draws where it is asked for `count`.
    """
    drawn: list[Any] = []
    if enough == 0:
        return drawn

    @hypothesis.seed(seed)
    @engine_settings(count)
    @hypothesis.given(strategy)
    def collect(value: Any) -> None:
        drawn.append(value)
        if len(drawn) == enough:
            raise TimeOver

    def work() -> None:
        with constants_left_out(), suppress(TimeOver):
            collect()

    _ENGINE.submit(work).result()
    return drawn
