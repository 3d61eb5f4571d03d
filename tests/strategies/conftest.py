"""What the tests of strategies look for: small examples, and what a number of draws holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

_SEARCH = settings(max_examples=2_000, database=None, derandomize=True, deadline=None)
_SAMPLE = settings(
    _SEARCH,
    max_examples=2_000,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(scope="session")
def minimal() -> Callable[..., Any]:
    """Give the smallest example that meets a condition, as Hypothesis shrinks it."""

    def smallest(
        strategy: SearchStrategy[Any], condition: Callable[[Any], bool] = lambda _: True
    ) -> object:
        try:
            return find(strategy, condition, settings=_SEARCH)
        except NoSuchExample:
            pytest.fail(f"{strategy} never yields what was looked for", pytrace=False)

    return smallest


@pytest.fixture(scope="session")
def sample() -> Callable[..., list[Any]]:
    """Give a few thousand examples: always the same ones, without shrinking."""

    def draw(strategy: SearchStrategy[Any]) -> list[Any]:
        drawn: list[Any] = []

        @_SAMPLE
        @given(strategy)
        def keep(example: object) -> None:
            drawn.append(example)

        keep()
        return drawn

    return draw
