from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..reference.harness import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..reference.harness import RunningServer

MODEL = "typewriter"
SLOW_PROMPT = "Please think first."
FAULT_PROMPT = "Please fail half-way."


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that types fast, reasons and calls tools, with a slow prompt and a failing one."""
    options = (
        *("--answerer", MODEL, "--interval", "0.002", "--call-tools", "--think"),
        *("--slow-prompt", SLOW_PROMPT, "--slow-seconds", "0.5", "--heartbeat", "0.1"),
        *("--fault-prompt", FAULT_PROMPT, "--fault-after", "2"),
    )
    with running_server(tmp_path_factory.mktemp("server"), *options) as running:
        yield running
