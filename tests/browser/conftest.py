from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, sync_playwright

from ..reference.harness import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless, with a fresh profile."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "the browser tests need a chromium on PATH (Debian: chromium)"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def typewriter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    options = (
        *("--answerer", "typewriter", "--interval", "0.01"),
        *("--fault-prompt", "FAULT", "--fault-after", "3"),
    )
    with running_server(tmp_path_factory.mktemp("typewriter"), *options) as running:
        yield running


@pytest.fixture(scope="session")
def endless_echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    options = ("--interval", "0.05", "--max-streams", "1")
    with running_server(tmp_path_factory.mktemp("echo"), *options) as running:
        yield running
