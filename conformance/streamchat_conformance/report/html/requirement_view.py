"""One requirement in the HTML report: what was found, why it matters, how to fix it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from streamchat_conformance.catalogue import Layer, is_custom
from streamchat_conformance.catalogue.links import SUITE_FAULT, false_alarm
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.report.catalogue_text import (
    Cited,
    Defect,
    Texts,
    cited,
    defects_of,
    texts_of,
)
from streamchat_conformance.report.counts import seen_in
from streamchat_conformance.report.html.bytes_view import as_text
from streamchat_conformance.report.model import Report, ReportedFinding, ReportedRequirement
from streamchat_conformance.suite.verdicts.outcomes import Outcome

FULL_FINDINGS = 3
"""Findings that are shown in full; of others, only the sentence."""
LISTED_FINDINGS = 20
EXCERPT_BYTES = 48
"""Bytes shown before and after the place of a finding."""

LABELS = {
    Outcome.PASS: "passed",
    Outcome.FAIL: "failed",
    Outcome.BLOCKED: "blocked",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.ERROR: "fault of the suite",
    Outcome.NOT_RUN: "not run",
    Outcome.KNOWN_FAILURE: "known failure",
    Outcome.UNEXPECTED_PASS: "unexpected pass",
}
"""Each outcome as people read it."""

LAYERS = {Layer.APPLICATION: "application", Layer.SERVER: "HTTP server"}
"""Each layer as people read it."""


@dataclass(frozen=True, slots=True)
class RequirementView:
    """What `requirement.html` shows of one requirement."""

    report: Report
    entry: ReportedRequirement
    blocks: Sequence[str]
    """The ids that its failure blocks."""

    @property
    def label(self) -> str:
        """Its outcome as people read it."""
        own = self.entry.outcome is Outcome.ERROR and is_custom(self.entry.id)
        return "fault of the check" if own else LABELS[self.entry.outcome]

    @property
    def layer(self) -> str:
        """Its layer as people read it."""
        return LAYERS[self.entry.layer]

    @property
    def searched(self) -> str:
        """What a search in the page looks at."""
        return f"{self.entry.id} {self.entry.title} {self.entry.source}".lower()

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return self.entry.outcome is Outcome.PASS

    @property
    def seen(self) -> str:
        """In how many exchanges it was seen broken; empty where nobody counted."""
        return seen_in(self.entry.broken, self.entry.examples)

    @property
    def numbered(self) -> bool:
        """Whether its findings have numbers."""
        return len(self.entry.findings) > 1

    @property
    def findings(self) -> Sequence[ReportedFinding]:
        """The findings that are shown in full."""
        return self.entry.findings[:FULL_FINDINGS]

    @property
    def further(self) -> Sequence[ReportedFinding]:
        """The other findings."""
        return self.entry.findings[FULL_FINDINGS:]

    @property
    def listed(self) -> Sequence[ReportedFinding]:
        """Those of the other findings whose sentence is shown."""
        return self.further[:LISTED_FINDINGS]

    def exchange_of(self, finding: ReportedFinding) -> Exchange:
        """Return the exchange that a finding names."""
        assert finding.exchange is not None
        return self.report.exchanges[finding.exchange]

    def excerpt(self, finding: ReportedFinding) -> Markup:
        """Return the bytes around the place that a finding names."""
        assert finding.offset is not None
        received = self.exchange_of(finding).received
        return as_text(received, [finding.offset], around=EXCERPT_BYTES)

    @property
    def sources(self) -> Sequence[Cited]:
        """Where it comes from, in pieces, with the addresses of what it cites."""
        return tuple(cited(self.entry.source))

    @property
    def texts(self) -> Texts | None:
        """Why it matters, and how to fix a server."""
        return texts_of(self.entry.id)

    @property
    def defects(self) -> Sequence[Defect]:
        """Where it was seen broken in real servers."""
        return defects_of(self.entry.source)

    @property
    def report_at(self) -> str:
        """Where the user can say that the suite is at fault; empty where it cannot be."""
        if is_custom(self.entry.id):
            return ""
        addresses = {Outcome.FAIL: false_alarm(self.entry.id), Outcome.ERROR: SUITE_FAULT}
        return addresses.get(self.entry.outcome, "")

    @property
    def report_question(self) -> str:
        """What is asked where the user can report a false alarm."""
        return "Is this a false alarm? " if self.entry.outcome is Outcome.FAIL else ""
