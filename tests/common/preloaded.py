"""Runs `python -m MODULE` in forks of one process that has imported what all runs need.

A run is a process of its own, with its own arguments, environment and folder, as a user's is. What
is spared is the import of pytest, its plugins, Hypothesis and the suite's judges, or of locust,
which takes longer than most runs of these tests. The cases are imported by each run, so that pytest
finds and rewrites them as in any run, and so that a run's own plugins may declare more.

The calls by which this module forks, waits and reads are Python's own: locust replaces them in
their modules by gevent's as soon as it is imported.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
from importlib.metadata import entry_points
from os import fork, waitpid
from signal import SIG_DFL, SIG_IGN, SIGCHLD, SIGKILL
from signal import signal as set_handler
from socket import recv_fds, send_fds, socket, socketpair
from typing import IO, TYPE_CHECKING

from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SUITE = (
    *(
        "pytest",
        "hypothesis.strategies",
        "hypothesis.stateful",
        "requests",
        "xml.etree.ElementTree",
    ),
    *("streamchat_conformance.judges", "streamchat_conformance.suite.scenarios.observations"),
    *("streamchat_conformance.gate.command", "streamchat_conformance.report.files"),
    *("streamchat_conformance.plugin.configure", "streamchat_conformance.plugin.session"),
)
LOCUST = ("locust.main", "streamchat_load.locust_adapter.hooks")
SCHEMATHESIS = ("schemathesis.cli", "hypothesis.strategies")
SWAYING = ("PYTEST_", "STREAMCHAT_", "LOCUST_")
STOP_LIMIT_S = 20.0


class PreloadedPython:
    """The process that forks, as the tests see it; started with the first run."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._control: socket | None = None
        self._starting = threading.Lock()

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        limit_s: float,
        merged: bool = False,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `python -m` with these arguments, the module's name first, to its end.

        With `merged`, what it prints as errors is among the rest of its output.
        """
        asked = json.dumps([list(arguments), str(folder), dict(environment)])
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
            ours, theirs = socketpair()
            with ours, ours.makefile("rw", encoding="utf-8") as channel:
                with theirs:
                    errors = out if merged else error
                    files = [theirs.fileno(), out.fileno(), errors.fileno()]
                    send_fds(self._started(), [b"."], files)
                channel.write(f"{asked}\n")
                channel.flush()
                pid = int(channel.readline())
                ours.settimeout(limit_s)
                try:
                    code = int(channel.readline())
                except TimeoutError:
                    os.kill(pid, SIGKILL)
                    raise subprocess.TimeoutExpired(list(arguments), limit_s) from None
            out.seek(0)
            error.seek(0)
            return subprocess.CompletedProcess(list(arguments), code, out.read(), error.read())

    def run_text(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        limit_s: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m` as `run` does; what it prints is text."""
        done = self.run(arguments, folder=folder, environment=environment, limit_s=limit_s)
        out, error = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        return subprocess.CompletedProcess(done.args, done.returncode, out, error)

    def _started(self) -> socket:
        with self._starting:
            if self._control is None:
                self._control = self._start()
            return self._control

    def _start(self) -> socket:
        control, theirs = socketpair()
        kept = {key: os.environ[key] for key in os.environ if not key.startswith(SWAYING)}
        with theirs:
            process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), *self._modules],
                stdin=subprocess.DEVNULL,
                env=kept,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(process.wait, STOP_LIMIT_S)
        atexit.register(control.close)
        return control


PRELOADED = PreloadedPython(*SUITE)
PRELOADED_LOCUST = PreloadedPython(*LOCUST)
PRELOADED_SCHEMATHESIS = PreloadedPython(*SCHEMATHESIS)


def next_run(control: socket) -> list[str] | None:
    """Wait for runs, and return the arguments of each in a process of its own.

    Each has a keeper, which reports its process id and its exit code. Returns None in the process
    that waits, when no more runs can come.
    """
    set_handler(SIGCHLD, SIG_IGN)  # nobody waits for keepers
    while True:
        message, files, _, _ = recv_fds(control, 1, 3)
        if not message:
            return None
        if fork() == 0:
            control.close()
            return _kept(*files)
        for file in files:
            os.close(file)


def _kept(channel_file: int, out: int, error: int) -> list[str]:
    """Return a run's arguments in its own process; the keeper never returns."""
    set_handler(SIGCHLD, SIG_DFL)
    with (
        socket(fileno=channel_file) as ours,
        ours.makefile("rw", encoding="utf-8") as channel,
    ):
        arguments, folder, environment = json.loads(channel.readline())
        pid = fork()
        if pid:
            _say(channel, pid)
            _say(channel, os.waitstatus_to_exitcode(waitpid(pid, 0)[1]))
            os._exit(0)
    os.dup2(out, 1)
    os.dup2(error, 2)
    os.close(out)
    os.close(error)
    os.chdir(folder)
    os.environ.clear()
    # This process is measured, since the one that it is forked from is.
    os.environ.update(unmeasured(environment))
    added = environment.get("PYTHONPATH", "")
    sys.path[:0] = [folder, *(added.split(os.pathsep) if added else [])]
    return list(arguments)


def _say(channel: IO[str], number: int) -> None:
    channel.write(f"{number}\n")
    channel.flush()


def _preload_plugins() -> None:
    """Import the plugins that pytest imports in each run.

    pytest does not warn of modules that it would have rewritten, had they not been imported.
    """
    from _pytest.assertion.rewrite import AssertionRewritingHook

    for plugin in entry_points(group="pytest11"):
        if not plugin.value.startswith("xdist"):
            plugin.load()

    def silent(self: AssertionRewritingHook, name: str) -> None: ...

    AssertionRewritingHook._warn_already_imported = silent  # type: ignore[method-assign]


def _take_over_loop() -> None:
    """Give this process a loop of gevent's of its own, whose timers count from now."""
    import gevent

    gevent.reinit()
    gevent.get_hub().loop.update_now()


def main(number: str, *modules: str) -> None:
    """Import the modules, then run what is asked for."""
    control = socket(fileno=int(number))
    del sys.path[0]  # this folder: `python -m` has the current one
    for module in modules:
        importlib.import_module(module)
    if "pytest" in modules:
        _preload_plugins()
    gc.collect()
    gc.freeze()  # what runs collect is their own
    arguments = next_run(control)
    if arguments is not None:
        if "gevent" in sys.modules:
            _take_over_loop()
        sys.argv[:] = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
