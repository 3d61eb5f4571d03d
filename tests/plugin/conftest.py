from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Run, judge, serving

Judge = Callable[..., Run]


@pytest.fixture(scope="session")
def control() -> Iterator[str]:
    """The URL of a server that conforms fully."""
    with serving("streamchat_fixtures", "serve") as url:
        yield url


@pytest.fixture
def run(tmp_path: Path) -> Judge:
    """Run the suite quickly, in an empty folder."""

    def run(*options: str, **how: object) -> Run:
        return judge(tmp_path, "--thoroughness=quick", "--max-requests=100000", *options, **how)  # type: ignore[arg-type]  # judge's own

    return run
