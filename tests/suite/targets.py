"""Servers of the fixtures as targets with a baseline."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.control import ControlSettings as Pace
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.legal import LEGAL
from streamchat_fixtures.variants import Fault

QUICK = Pace(events=4, interval_s=0.01)


@contextmanager
def prepared(name: str | Fault, *, pace: Pace | None = None) -> Iterator[Target]:
    """Serve a legal variant or a fault, at a pace of its own or another, and yield the target."""
    variant = name if isinstance(name, Fault) else LEGAL[name] if name in LEGAL else FAULTS[name]
    if pace is not None:
        variant = replace(variant, settings={})
    with ControlServer([variant], settings=pace or QUICK) as server:
        endpoint = Endpoint.from_url(f"http://127.0.0.1:{server.port}", path="/api/stream-chat")
        target = Target(Settings(), endpoint, Ledger(path=endpoint.path))
        run_preflight(target)
        yield target
