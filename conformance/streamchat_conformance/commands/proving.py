"""`streamchat-conformance dialect prove`: the kill matrix of a declaration, made in a minute.

The servers run in a process of their own, which knows nothing of the suite; here each is judged by
what the declaration says, in the way in which a user's server is. Several are judged at once: a run
mostly waits.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from streamchat_conformance.catalogue import SHARED
from streamchat_conformance.commands.parsing import EXIT_OK, EXIT_WORSE, print_safely
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.gate.generated_servers import GeneratedServer, generated_servers
from streamchat_conformance.judges import rules_of
from streamchat_conformance.suite.verdicts.outcomes import Outcome

AT_ONCE = 4
"""How many servers are judged at once, each by a process."""

_INTERRUPTIONS = frozenset({signal.SIGINT, signal.SIGTERM})

_RED = frozenset({Outcome.FAIL.value, Outcome.ERROR.value})


@dataclass(frozen=True, slots=True)
class ProvedServer:
    """What the suite reports of one of them."""

    server: GeneratedServer
    red: frozenset[str]
    passed: frozenset[str]
    problem: str = ""

    @property
    def exact(self) -> bool:
        """Whether what it breaks is red, and nothing else."""
        return not self.problem and self.red == self.server.breaks

    def line(self) -> str:
        """Return the server as a line of the matrix."""
        if self.problem:
            return f"  {self.server.name:<36} not judged: {self.problem}"
        shown = ", ".join(sorted(self.red)) or "-"
        if self.exact:
            return f"  {self.server.name:<36} {shown}"
        wanted = ", ".join(sorted(self.server.breaks)) or "nothing"
        return f"  {self.server.name:<36} {shown}   EXPECTED: {wanted}"


def prove(file: str, names: Sequence[str]) -> int:
    """Judge the generated servers of a declaration; print the matrix, return the exit code."""
    own = {id_ for id_ in rules_of(file).catalogue if id_ not in SHARED.by_id}
    key = dialect_named(file).key_variable
    if key:
        os.environ.setdefault(key, "generated-servers-take-any-key")
    began_s = time.monotonic()
    proved = []
    with _ended_by_sigterm(), generated_servers(file, names) as servers:
        print_safely(f"{len(servers)} servers, generated from {file}\n")
        for each in _all_judged(file, servers):
            proved.append(each)
            print_safely(each.line() + "\n")
            sys.stdout.flush()
    killed = frozenset[str]().union(*(each.red & each.server.breaks for each in proved))
    wrong = [each for each in proved if not each.exact]
    unproved = set() if names else own - killed
    print_safely("\n")
    print_safely(
        f"proved        {len(killed)} of {len(own)} requirements, by {len(proved) - len(wrong)} "
        f"servers, in {time.monotonic() - began_s:.0f} s\n"
    )
    for id_ in sorted(unproved):
        print_safely(f"not proved    {id_}: {_why(file, id_)}\n")
    if wrong:
        names_ = ", ".join(each.server.name for each in wrong)
        print_safely(f"not exact     {names_}\n")
    return EXIT_WORSE if wrong else EXIT_OK


def _why(file: str, id_: str) -> str:
    needs = rules_of(file).catalogue[id_].needs
    lacking = [need for need in needs if not dialect_named(file).known.get(need.name)]
    if lacking:
        return f"it needs '{lacking[0]}' in [capabilities]"
    return "no generated server breaks it alone"


def _all_judged(file: str, servers: Sequence[GeneratedServer]) -> Iterator[ProvedServer]:
    """Yield what the suite reports of each server, in their order."""
    if len(servers) == 1:
        yield _judged(file, servers[0])
        return
    # A run captures the output of its process: several need a process each.
    forks = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    if forks:
        import pytest  # noqa: F401 -- once, and not in each process

        import streamchat_conformance.plugin  # noqa: F401 -- likewise
    context = multiprocessing.get_context("fork" if forks else "spawn")
    count = min(AT_ONCE, len(servers))
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(count, context, _leave_interruptions_to_others) as pool,
    ):
        try:
            # Here the processes are started.
            with _interruptions_held_back():
                judged = pool.map(partial(_judged, file, within=folder), servers)
            yield from judged
        except BaseException:
            # Nobody reads what they find: without this each would finish its server first.
            for process in multiprocessing.active_children():
                process.kill()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C: everything that was started is ended, then the command."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _interruptions_held_back() -> Iterator[None]:
    """Let signals wait: what they raise while a process is forked, Python may drop."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)


def _leave_interruptions_to_others() -> None:
    """Let Ctrl-C, which reaches all processes of a terminal, end runs, not what waits for one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)


def _judged(file: str, server: GeneratedServer, within: str | None = None) -> ProvedServer:
    """Return what the suite reports of a server; its files are in a folder, or a temporary one."""
    with tempfile.TemporaryDirectory(dir=within) as folder:
        report = Path(folder) / "report.json"
        said = _run(file, server, Path(folder), report)
        try:
            found: dict[str, Any] = json.loads(report.read_text("utf-8"))
        except (OSError, ValueError):
            lines = [line for line in said.splitlines() if line.strip()]
            return ProvedServer(server, frozenset(), frozenset(), (lines or ["no report"])[-1])
    own = [each for each in found["requirements"] if each["id"] not in SHARED.by_id]
    return ProvedServer(
        server,
        frozenset(each["id"] for each in own if each["outcome"] in _RED),
        frozenset(each["id"] for each in own if each["outcome"] == Outcome.PASS.value),
    )


def _run(file: str, server: GeneratedServer, folder: Path, report: Path) -> str:
    """Judge a server by the declaration's own requirements; return what was printed."""
    import pytest

    from streamchat_conformance.__main__ import pytest_arguments

    dialect = dialect_named(file)
    name = dialect.plain_row.partition(".")[0]
    target = folder / "target.toml"
    # Where the file has no prompt that shows a failure, the server says which one does.
    if server.fails_at and "fault" not in dialect.known:
        target.write_text(f"[fault]\nprompt = {json.dumps(server.fails_at)}\n", "utf-8")
    options = [
        *("-q", f"--dialect={file}", f"--target-url={server.url}", f"--requirement={name}.*"),
        *([f"--target-file={target}"] if target.exists() else []),
        f"--report-json={report}",
    ]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        pytest.main(pytest_arguments(options))
    return said.getvalue()
