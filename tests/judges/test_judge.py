"""A judge: the function decides, and the declaration says what its violations are about."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, Declarations
from streamchat_conformance.core.finding import Finding, Nonconformity
from streamchat_conformance.judges.judge import Judges, Verdict
from streamchat_conformance.judges.reading import Reading

from .corpus import CASES, reading_of


def odd(_: Reading) -> Verdict:
    return [Nonconformity("it is odd", "an even one", "an odd one", 7)]


def test_a_finding_is_about_the_requirement_that_its_judge_declares() -> None:
    judges = Judges(Declarations())
    first = judges.judge("x.first", MUST, "The first sentence.", source="practice")(odd)
    second = judges.judge("x.second", MUST, "The second sentence.", source="practice")(first.decide)
    reading = reading_of(CASES[0])
    assert first(reading) == [Finding("x.first", "it is odd", "an even one", "an odd one", 7)]
    assert second(reading) == [Finding("x.second", "it is odd", "an even one", "an odd one", 7)]
