"""What a run has seen of each requirement: the evidence that verdicts and causes are drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.judges import Rules

TOLERATED = {"headers.connection-persistent": 0.1}
"""The share of exchanges that may break a requirement without a fault.

RFC 9112 section 9.6: a server may end a connection at any time by saying so. One that replaces its
worker processes, as gunicorn does with `--max-requests`, says it now and then, and in the first
answer of a connection, too.
"""


@dataclass(slots=True)
class RequirementEvidence:
    """What the run has seen of one requirement."""

    judged: int = 0
    """Exchanges that decided it."""
    failed: int = 0
    """Exchanges that broke it."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How many of them were of which kind (see `EXPLAINS_ALL_OF`)."""
    findings: list[tuple[Finding, Exchange]] = field(default_factory=list)
    answered: int = 0
    """Those of them that were answered, and not by an internal error."""
    involved: Counter[frozenset[str]] = field(default_factory=Counter)
    """How often which requirements about requests were involved where it was, or may have been,
    broken."""

    @property
    def sound(self) -> bool:
        """Whether it was judged, and never broken."""
        return self.judged > 0 and not self.involved


NOTHING = RequirementEvidence()
"""The evidence on a requirement that no exchange had to do with."""


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """What a run has seen of all requirements. Nothing here changes it."""

    rules: Rules
    entries: Mapping[str, RequirementEvidence]
    failed: Container[str] = ()
    """Requirements that are red by their cases."""

    def of(self, id_: str) -> RequirementEvidence:
        """Return what was seen of a requirement."""
        return self.entries.get(id_, NOTHING)

    def broken(self, id_: str) -> bool:
        """Return whether more exchanges broke a requirement than are tolerated."""
        entry = self.of(id_)
        return entry.failed > TOLERATED.get(id_, 0.0) * entry.judged

    def red(self, id_: str) -> bool:
        """Return whether a requirement was broken, by a case or on any exchange."""
        return id_ in self.failed or self.broken(id_)
