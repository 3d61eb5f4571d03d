"""The two layers of a run apart: how the endpoint's own code did, and how the HTTP server did."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.suite.verdicts.outcomes import Outcome

UNNAMED = "HTTP server not named"

Counts = Mapping[Outcome, int]
"""Outcome to how many requirements had it."""


def layer_name(layer: Layer, http_server: str) -> str:
    """Return a layer's name for readers: `your code`, or the HTTP server by its name."""
    if layer is Layer.APPLICATION:
        return "your code"
    return f"{http_server} (HTTP server)" if http_server else UNNAMED


def headline(count: Callable[[Level, Layer], Counts], http_server: str) -> str:
    """Return one line that says how many MUST requirements each layer fails.

    `count` returns how many requirements of a level and a layer had each outcome.
    """
    parts = [
        f"{layer_name(layer, http_server)}: {failures(count(Level.MUST, layer), level)}"
        for layer, level in ((Layer.APPLICATION, " MUST"), (Layer.SERVER, ""))
    ]
    return "; ".join(parts)


def failures(counts: Counts, level: str = "") -> str:
    """Return how many of the requirements that were decided fail, as text."""
    known = counts.get(Outcome.KNOWN_FAILURE, 0)
    blocked = counts.get(Outcome.BLOCKED, 0)
    failed = counts.get(Outcome.FAIL, 0) + known
    faults = counts.get(Outcome.ERROR, 0)
    passed = counts.get(Outcome.PASS, 0) + counts.get(Outcome.UNEXPECTED_PASS, 0)
    decided = passed + failed + blocked + faults
    if not decided:
        ran = counts.get(Outcome.NOT_APPLICABLE, 0)
        return "nothing could be judged" if ran else "not run"
    text = f"{failed} of {decided}{level} {'fails' if failed == 1 else 'fail'}"
    notes = [(known, "known"), (blocked, "blocked"), (faults, "not judged: error")]
    said = ", ".join(f"{number} {note}" for number, note in notes if number)
    return f"{text} ({said})" if said else text
