"""The judges of Chat Completions on recorded exchanges: each finds what is wrong, and only that."""

from __future__ import annotations

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading, rules_of
from streamchat_fixtures.dialects.openai.exchanges import load_exchanges
from streamchat_fixtures.exchanges import ExchangeCase

CASES = load_exchanges()
RULES = rules_of("openai")
OWN = {id_ for id_ in RULES.judges if id_ not in rules_of("stream-chat").judges}
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def reading_of(case: ExchangeCase) -> Reading:
    exchange = Exchange(
        request=case.sent,
        reads=tuple(Read(read.at_ms / 1000, read.data) for read in case.reads),
        ending=Ending(case.ended),
        ended_at_s=case.ended_at_ms / 1000,
        label=case.name,
    )
    return Reading(exchange, dialect=RULES.dialect)


@every_case
@pytest.mark.guard
def test_an_exchange_breaks_exactly_what_it_should(case: ExchangeCase) -> None:
    found = {id_ for id_, findings in RULES.judge_all(reading_of(case)) if findings}
    assert found == set(case.breaks), case.why


@every_case
@pytest.mark.guard
def test_what_an_exchange_clears_is_looked_at(case: ExchangeCase) -> None:
    reading = reading_of(case)
    found = {id_: RULES.judges[id_](reading) for id_ in case.clears}
    assert all(findings == [] for findings in found.values()), found


@pytest.mark.guard
def test_every_judge_of_the_dialect_has_a_case_that_it_flags_and_one_that_it_clears() -> None:
    assert {id_ for case in CASES for id_ in case.breaks} >= OWN
    assert {id_ for case in CASES for id_ in case.clears} >= OWN


@pytest.mark.guard
def test_names_are_unique_and_every_case_says_why() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.why.endswith(".") for case in CASES)


@every_case
def test_no_judge_raises_on_an_exchange_that_was_cut(case: ExchangeCase) -> None:
    reading = reading_of(case)
    for end in range(0, len(case.received), max(1, len(case.received) // 25)):
        reads = (Read(0.0, case.received[:end]),)
        cut = Exchange(request=case.sent, reads=reads, ending=Ending.CLOSED, label=case.name)
        list(RULES.judge_all(Reading(cut, dialect=reading.dialect)))
