"""Garbage collection in a run of the console script: not while modules are imported.

What is imported and collected stays to the end. To look through it again and again takes a
twentieth of a run.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def no_garbage_of_imports() -> Iterator[None]:
    """Collect no garbage until `GarbageOfTheRun` begins; at the end all is as before."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


class GarbageOfTheRun:
    """A pytest plugin that lets garbage be collected from the first case on."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Leave out what there is already."""
        gc.freeze()
        gc.enable()
