"""Every test directory's common ground."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from sampling import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytest_plugins = ["pytester"]

# A property that takes long on a busy machine has not failed. The environment `properties` tries as
# many examples of each as Hypothesis does by itself.
settings.register_profile("patient", deadline=None, max_examples=examples(100))
settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background deaf to Ctrl-C, and children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the files without guards where only guards are selected: importing all takes long."""
    if config.option.markexpr != "guard" or not collection_path.name.startswith("test_"):
        return None
    return "pytest.mark.guard" not in collection_path.read_text("utf-8") or None


@pytest.fixture
def held_port() -> Iterator[Callable[..., int]]:
    """A function that returns ports at which nothing listens, held until the test is over.

    A port that was only free a moment ago may be taken by any other process. One that is bound
    without listening refuses connections, and only a server that is started for it can listen
    there: servers set SO_REUSEADDR.
    """
    with ExitStack() as stack:

        def hold(host: str = "127.0.0.1") -> int:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            holder = stack.enter_context(socket.socket(family))
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind((host, 0))
            return int(holder.getsockname()[1])

        yield hold
