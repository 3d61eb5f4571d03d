"""Work in threads of its own: observations alongside the rest of a run, and concurrent requests.

All threads die with the process: an interrupted run does not wait for what they wait for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from streamchat_conformance.recorder.loop import clock

Value = TypeVar("Value")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Job:
    work: Callable[[], Any]
    done: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: BaseException | None = None

    def run(self) -> None:
        try:
            self.value = self.work()
        except BaseException as error:  # noqa: BLE001 - handed over to whoever asks for the result
            self.error = error
        finally:
            self.done.set()


class Background:
    """Jobs by name. A job's exception is raised where its result is asked for."""

    def __init__(self, *, inline: bool = False) -> None:
        self._inline = inline
        """Whether a job is done where it is started, before anything else goes on."""
        self._jobs: dict[str, _Job] = {}

    def start(self, name: str, work: Callable[[], Any]) -> None:
        """Start a job unless one of this name runs already. Its thread dies with the process."""
        if name in self._jobs:
            return
        job = self._jobs[name] = _Job(work)
        if self._inline:
            job.run()
            return
        threading.Thread(target=job.run, name=f"streamchat-{name}", daemon=True).start()

    def __len__(self) -> int:
        """Return how many jobs were started."""
        return len(self._jobs)

    @property
    def under_way(self) -> int:
        """How many jobs are not done yet."""
        return sum(not job.done.is_set() for job in self._jobs.values())

    @property
    def busy(self) -> bool:
        """Whether some job is not done yet."""
        return self.under_way > 0

    def started(self, name: str) -> bool:
        """Return whether a job of this name was started."""
        return name in self._jobs

    def forget(self, names: Collection[str]) -> None:
        """Forget jobs that are over: what asks for their results again has them done again."""
        for name in names:
            if name in self._jobs and self._jobs[name].done.is_set():
                del self._jobs[name]

    def settle(self, *, within_s: float) -> None:
        """Wait until all jobs are over, but no longer than `within_s` in all."""
        ends_at = clock() + within_s
        for job in list(self._jobs.values()):
            job.done.wait(max(0.0, ends_at - clock()))

    def result(self, name: str, *, within_s: float) -> Any:
        """Return a job's result. Raises what it raised, or TimeoutError after `within_s`."""
        job = self._jobs[name]
        # By the recorder's clock: what a job waits for is bounded by it.
        ends_at = clock() + within_s
        while not job.done.wait(max(0.0, ends_at - clock())):
            if clock() >= ends_at:
                raise TimeoutError(f"background job {name!r} took longer than {within_s:g} s")
        if job.error is not None:
            raise job.error
        return job.value


def run_together(
    work: Callable[[Value], Result], values: Iterable[Value], *, at_once: int
) -> list[Result]:
    """Return what the work returns for each value, made by up to `at_once` threads.

    Raises the first exception, when all are over. An interruption is raised at once.
    """
    jobs = [_Job(partial(work, value)) for value in values]
    waiting = deque(jobs)
    for _ in range(min(at_once, len(jobs))):
        name = "streamchat-together"
        # In a copy of this thread's context: they work for the same case.
        run = copy_context().run
        threading.Thread(target=run, args=(_run_all, waiting), name=name, daemon=True).start()
    try:
        for job in jobs:
            job.done.wait()
    except BaseException:
        waiting.clear()
        raise
    for job in jobs:
        if job.error is not None:
            raise job.error
    return [job.value for job in jobs]


def _run_all(waiting: deque[_Job]) -> None:
    """Run jobs until none is left; several threads may take from the same ones."""
    while True:
        try:
            job = waiting.popleft()
        except IndexError:
            return
        job.run()
