from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .harness import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness import RunningServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with short finite streams, a slow prompt and a failing one."""
    options = (
        *("--events", "3", "--interval", "0.2", "--heartbeat", "0.3"),
        *("--slow-prompt", "SLOW", "--slow-seconds", "1.5"),
        *("--fault-prompt", "FAULT", "--fault-after", "2"),
    )
    with running_server(tmp_path_factory.mktemp("server"), *options) as running:
        yield running


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The article's server: an event a second, without end (here ten a second)."""
    options = ("--interval", "0.1", "--max-streams", "8")
    with running_server(tmp_path_factory.mktemp("endless"), *options) as running:
        yield running
