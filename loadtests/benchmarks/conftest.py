"""Shared parts of the benchmarks: the target, which is the reference server when none is given."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.dialects.stream_chat.requests import PATH
from streamchat_conformance.recorder import Endpoint, Limits, TargetUrlError

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = (
    *("--port", "0", "--exit-with-parent"),
    *("--answerer", "echo", "--events", "200", "--interval", "0"),
)
"""The reference server as it is measured: streams of 200 events, as fast as they are read."""

STOP_LIMIT_S = 10.0


@pytest.fixture(scope="session")
def target_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of `--target-url`, or that of a reference server started for this run."""
    given = request.config.getoption("--target-url", default=None)
    if given:
        yield str(given)
        return
    command = [sys.executable, "-m", "streamchat_reference", *REFERENCE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the reference server has no output")
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(STOP_LIMIT_S)


@pytest.fixture(scope="session")
def endpoint(target_url: str) -> Endpoint:
    """Give the endpoint that is measured."""
    try:
        return Endpoint.from_url(target_url, path=PATH)
    except TargetUrlError as error:
        pytest.exit(f"--target-url: {error}", returncode=4)


@pytest.fixture(scope="session")
def limits() -> Limits:
    """Every wait of a benchmark is bounded."""
    return Limits(connect_s=5.0, head_s=15.0, first_event_s=15.0, idle_s=15.0, total_s=30.0)
