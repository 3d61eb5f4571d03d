"""What is being waited for: a line where one case takes long, on any terminal and on none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator

import pytest

FIRST_LINE_AFTER_S = 10.0
"""How long a case takes before a line says that it is waited for (seconds)."""
NEXT_LINE_AFTER_S = 30.0
"""How long it takes until the next line (seconds)."""


class WaitingNotes:
    """Prints a line when a case has taken long, and how long it may take."""

    def __init__(
        self,
        say: Callable[[str], None],
        name_of: Callable[[pytest.Item], str],
        most_s: Callable[[], float],
        *,
        first_s: float = FIRST_LINE_AFTER_S,
        again_s: float = NEXT_LINE_AFTER_S,
    ) -> None:
        self._say = say
        self._name_of = name_of
        self._most_s = most_s
        """The longest that a case waits for one answer, as the run's limits are now (seconds)."""
        self._first_s = first_s
        self._again_s = again_s

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch a case while it runs."""
        name, done = self._name_of(item), threading.Event()
        if name:
            arguments = (name, done)
            threading.Thread(target=self._watch, args=arguments, daemon=True).start()
        try:
            return (yield)
        finally:
            done.set()

    def _watch(self, name: str, done: threading.Event) -> None:
        begun_s = time.monotonic()
        wait_s = self._first_s
        while not done.wait(wait_s):
            taken_s = time.monotonic() - begun_s
            self._say(
                f"waiting       {name}: {taken_s:.0f} s so far; it waits for one answer "
                f"at most {self._most_s():.0f} s"
            )
            wait_s = self._again_s
