"""The page's table of Anthropic Messages: faulty servers, and what is lost of legal ones."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from streamchat_conformance.catalogue import Level
from streamchat_conformance.judges import rules_of
from streamchat_fixtures.dialects import faults_of

from . import recorded_page
from .anthropic_readers import COLUMNS
from .messages_losses import LOSSES
from .messages_servers import Sound, harmed, outcomes
from .page_parts import escaped, heading, row, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .witnesses import Clients

_INTRODUCTION: Final = """
Each row is the answer of a faulty server of the dialect `anthropic`, in a case that makes a client
stumble if there is one. Servers whose fault shows only now and then are left out.
"""
_OLDER: Final = """
A name that is not the type, and nothing else (`anthropic.event-name`), harms none of these
versions. It harms others: anthropic 0.60.0 (PyPI) takes events by their names, and loses the text,
or raises AssertionError.
"""


def lines(clients: Clients) -> Iterator[str]:
    """Yield the lines of the section."""
    yield "\n## Anthropic Messages\n"
    yield versions(["anthropic"], ["@anthropic-ai/sdk", "@ai-sdk/anthropic"])
    yield "### Recorded exchanges"
    yield "\nEach stream is a recorded exchange of the dialect `anthropic`.\n"
    recorded = [*recorded_page.rows(clients, "anthropic")]
    yield from recorded_page.table(recorded, "anthropic")
    harm: dict[str, bool] = defaultdict(bool)
    for each in recorded:
        for id_ in _own(each.case.breaks):
            harm[id_] |= harmed(each.cells)
    yield "\n### Faulty servers"
    yield from _INTRODUCTION.splitlines()
    yield ""
    yield from heading(COLUMNS)
    sound = Sound.of(clients)
    faults = [fault for fault in faults_of("anthropic") if _own(fault.breaks)]
    for fault in sorted(faults, key=lambda fault: _own(fault.breaks)):
        found = outcomes(clients, sound, fault)
        if found is not None:
            kind, cells = found
            yield row(_own(fault.breaks), f"{fault.sentence} ({kind})", cells.values())
            for id_ in _own(fault.breaks):
                harm[id_] |= harmed(cells)
    yield "\n### What harms no client"
    yield from _harmless(harm)
    yield from legal_lines()


def legal_lines() -> Iterator[str]:
    """Yield the lines about legal servers."""
    yield "\n### Legal streams"
    yield "\nNo client loses anything of the legal servers of the dialect, but for these:\n"
    yield "| server | clients | what is lost |"
    yield "|---|---|---|"
    for name, (losing, reason) in LOSSES.items():
        shown = ", ".join(COLUMNS[client] for client in COLUMNS if client in losing)
        yield f"| `{name}` | {shown} | {escaped(reason)} |"


def _own(ids: Iterable[str]) -> list[str]:
    """Return the ids of the dialect's own requirements, in order."""
    return sorted(id_ for id_ in ids if id_.startswith("anthropic."))


def _harmless(harm: Mapping[str, bool]) -> Iterator[str]:
    catalogue = rules_of("anthropic").catalogue
    for level in (Level.MUST, Level.SHOULD):
        ids = [id_ for id_, is_harmed in harm.items() if not is_harmed]
        named = [f"`{id_}`" for id_ in ids if catalogue[id_].level is level]
        yield f"\nNo client of these versions stumbles where a server breaks these {level.value}s:"
        yield f"{', '.join(named) or 'none'}."
    yield from _OLDER.rstrip().splitlines()
