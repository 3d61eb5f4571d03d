"""Loads of a server that breaks one stream in every N: what both such servers' tests need."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .harness import LENIENT, LoadResult, load, parameters, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .harness import MockServer

LEAST_KINDS = 16
"""How many kinds a run reaches at least; they come in turn."""
EVERY = 4
"""One stream in this many is faulty."""
SPARE = 60
"""How many streams have no fault at first: those of the preflight, and some to be crossed with."""
DURATIONS_S = (2, 6, 30)
"""How long a run is: the next one where a busy machine did not reach the kinds in it."""

ONLY_IF_TEXTS_ARE_KNOWN = frozenset({"lost", "duplicated", "reordered", "altered", "crossed-text"})


@dataclass(frozen=True, slots=True)
class FaultyLoads:
    """Loads of one dialect's server, which is a script next to the tests."""

    dialect: str
    script: str
    named: Mapping[str, str]
    """Under which class a load counts each fault of the server."""

    @contextmanager
    def serving(self, *options: object) -> Iterator[MockServer]:
        """Start the server with some options; end it afterwards."""
        with running_server(*options, script=Path(__file__).with_name(self.script)) as server:
            yield server

    def run(
        self, server: MockServer, folder: Path, *options: object, path: str = "/v1"
    ) -> LoadResult:
        """Load a server in its dialect."""
        given = ("--dialect", self.dialect, "--stall-limit-s", 1, *LENIENT, *options)
        return load(server.url + path, folder, *given)

    def faults_found(self, folder: Path, style: str) -> tuple[Counter[str], Counter[str]]:
        """Load a server that has each kind of fault; return what was found and what was sent."""
        options = ("--faults", "each", "--every", EVERY, "--spare", SPARE, "--style", style)
        for duration_s in DURATIONS_S:
            with self.serving(*options, "--interval", 0.001) as server:
                users = parameters(users=10, duration_s=duration_s)
                result = self.run(server, folder, "--profile", "steady", *users)
                sent = server.counts()
            if len(sent) - 1 >= LEAST_KINDS:
                break
        assert len(sent) - 1 >= LEAST_KINDS, "the run was too short"
        assert result.exit_code == 3
        return Counter(result.report["faults"]), self.expected(sent, style)

    def expected(self, sent: Mapping[str, int], style: str) -> Counter[str]:
        """Return how often a load has to count each class, by what the server has sent."""
        missed = ONLY_IF_TEXTS_ARE_KNOWN if style == "random" else frozenset()
        expected: Counter[str] = Counter()
        for fault, count in sent.items():
            if fault != "good" and fault not in missed:
                expected[self.named[fault]] += count
        return expected
