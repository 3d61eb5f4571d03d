"""Judging recordings: the same judges as in a live run, on what the recordings have kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from streamchat_conformance.catalogue import ECHO
from streamchat_conformance.core.secrets import without_secrets
from streamchat_conformance.judges import Reading, Rules
from streamchat_conformance.judges.hazards import hazard_breach
from streamchat_conformance.offline.recording import RecordedExchange
from streamchat_conformance.suite.target.baseline import echoes
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result, Results


class RecordedLedger(Ledger):
    """A ledger that asks only those judges that a recording has enough for."""

    def enter(self, recording: RecordedExchange) -> Reading:
        """Enter a recording and return its reading."""
        reading = self.read(recording.exchange)
        if recording.gap_limit_s is not None:
            reading = replace(reading, gap_limit_s=recording.gap_limit_s)
        self.exchanges += 1
        if not self.server and reading.head is not None:
            self.server = (reading.head.first("server") or "")[:200]
        # Text of the request that broke the stream came back, although in no whole event.
        echo = echoes(reading) or bool(hazard_breach(reading))
        ids = [
            id_
            for id_, judge in self.rules.judges.items()
            if recording.decides(id_) and (echo or ECHO not in judge.requirement.needs)
        ]
        self.note_withheld(reading)
        for id_, findings in self.rules.judge_all(reading, ids):
            entry = self.entries[id_]
            entry.judged += 1
            if findings:
                entry.failed += 1
                self._keep(entry, findings[0], recording.exchange)
        return reading


def judge_recordings(
    recordings: Iterable[RecordedExchange],
    chosen: Collection[str],
    *,
    rules: Rules | None = None,
    gap_limit_s: float = 15.0,
) -> Results:
    """Return what recordings say of each requirement in `chosen`."""
    ledger = RecordedLedger(rules=rules, gap_limit_s=gap_limit_s)
    results = Results(rules)
    results.recorded = True
    capabilities: dict[str, str] = {}
    for recording in recordings:
        reading = ledger.enter(recording)
        sent = reading.asked.sent
        if sent is not None and not results.facts.url:
            results.facts.url = f"{recording.base_url}{without_secrets(sent.target)}"
        if echoes(reading):
            capabilities[ECHO.name] = "detected"
    results.facts.server = ledger.server
    results.facts.exchanges = ledger.exchanges
    results.facts.capabilities = capabilities
    for id_ in chosen:
        results.by_id[id_] = _result(ledger, results.by_id[id_])
    return results


def _result(ledger: RecordedLedger, result: Result) -> Result:
    id_ = result.requirement.id
    entry = ledger.entries.get(id_)
    if id_ not in ledger.rules.judges:
        result.outcome = Outcome.NOT_APPLICABLE
        result.reason = "only a live server shows it"
    elif entry is None or not entry.judged:
        result.outcome = Outcome.NOT_APPLICABLE
        withheld = ledger.withheld.get(id_, "")
        result.reason = (
            f"it could not be judged: {withheld}" if withheld else "no recording decides it"
        )
    else:
        result.examples = entry.judged
        result.outcome = Outcome.PASS
        if entry.failed:
            result.findings, result.broken = [*entry.findings], entry.failed
            result.cause = ledger.cause(id_)
            result.outcome = Outcome.BLOCKED if result.cause else Outcome.FAIL
    return result
