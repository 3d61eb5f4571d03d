"""What a requirement is blocked by has to be broken itself."""

from dataclasses import replace

import pytest
from streamchat_conformance.catalogue import Level
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result, Results

CATALOGUE = rules_of(DEFAULT).catalogue

EFFECT, CAUSE = "connection.reuse-after-error", "error.delimited"


def released(cause: Outcome, *findings: tuple[Finding, None], level: Level = Level.MUST) -> Result:
    results = Results()
    blocked = Result(CATALOGUE[EFFECT], Outcome.BLOCKED, reason="nothing was refused", cause=CAUSE)
    blocked.findings = list(findings)
    results.record(blocked)
    results.record(Result(replace(CATALOGUE[CAUSE], level=level), cause))
    results.settle_blocked()
    return results.by_id[EFFECT]


@pytest.mark.parametrize("cause", [Outcome.PASS, Outcome.NOT_APPLICABLE])
def test_what_a_sound_requirement_blocks_was_not_judged(cause: Outcome) -> None:
    result = released(cause)
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert result.reason == "it could not be judged: nothing was refused"
    assert not result.cause


@pytest.mark.parametrize("cause", [Outcome.FAIL, Outcome.BLOCKED, Outcome.NOT_RUN, Outcome.ERROR])
def test_what_a_broken_requirement_blocks_stays_blocked(cause: Outcome) -> None:
    assert released(cause).outcome is Outcome.BLOCKED


def test_a_must_that_a_broken_should_blocks_was_not_judged() -> None:
    result = released(Outcome.FAIL, level=Level.SHOULD)
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert result.reason == "it could not be judged: nothing was refused"


def test_what_has_evidence_of_its_own_stays_blocked() -> None:
    finding = Finding(EFFECT, "closed without a word", "an answer", "nothing")
    assert released(Outcome.PASS, (finding, None)).outcome is Outcome.BLOCKED
