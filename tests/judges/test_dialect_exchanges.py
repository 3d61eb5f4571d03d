"""The judges of dialects on recorded exchanges: each finds what is wrong, and only that."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from grouped import each_of
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading, rules_of
from streamchat_fixtures.dialects import DEFAULT, NAMES, exchanges_of
from streamchat_fixtures.exchanges import ExchangeCase

CASES = {name: exchanges_of(name) for name in NAMES if name != DEFAULT}
each_dialect = pytest.mark.parametrize("dialect", CASES)


class CaseOfDialect(NamedTuple):
    dialect: str
    case: ExchangeCase


every_case = each_of(
    [CaseOfDialect(name, case) for name, cases in CASES.items() for case in cases],
    name=lambda each: f"{each.dialect}:{each.case.name}",
)


def reading_of(each: CaseOfDialect) -> Reading:
    dialect, case = each
    exchange = Exchange(
        request=case.sent,
        reads=tuple(Read(read.at_ms / 1000, read.data) for read in case.reads),
        ending=Ending(case.ended),
        ended_at_s=case.ended_at_ms / 1000,
        label=case.name,
    )
    return Reading(exchange, dialect=rules_of(dialect).dialect)


@every_case
@pytest.mark.guard
def test_an_exchange_breaks_exactly_what_it_should(each: CaseOfDialect) -> None:
    dialect, case = each
    found = {id_ for id_, findings in rules_of(dialect).judge_all(reading_of(each)) if findings}
    assert found == set(case.breaks), case.why


@every_case
@pytest.mark.guard
def test_what_an_exchange_clears_is_looked_at(each: CaseOfDialect) -> None:
    dialect, case = each
    reading = reading_of(each)
    found = {id_: rules_of(dialect).judges[id_](reading) for id_ in case.clears}
    assert all(findings == [] for findings in found.values()), found


@each_dialect
@pytest.mark.guard
def test_every_judge_of_the_dialect_has_a_case_that_it_flags_and_one_that_it_clears(
    dialect: str,
) -> None:
    shared = rules_of("stream-chat").judges
    own = {id_ for id_ in rules_of(dialect).judges if id_ not in shared}
    assert {id_ for case in CASES[dialect] for id_ in case.breaks} >= own
    assert {id_ for case in CASES[dialect] for id_ in case.clears} >= own


@each_dialect
@pytest.mark.guard
def test_names_are_unique_and_every_case_says_why(dialect: str) -> None:
    cases = CASES[dialect]
    assert len({case.name for case in cases}) == len(cases)
    assert all(case.why.endswith(".") for case in cases)


@every_case
def test_no_judge_raises_on_an_exchange_that_was_cut(each: CaseOfDialect) -> None:
    dialect, case = each
    reading = reading_of(each)
    for end in range(0, len(case.received), max(1, len(case.received) // 25)):
        reads = (Read(0.0, case.received[:end]),)
        cut = Exchange(request=case.sent, reads=reads, ending=Ending.CLOSED, label=case.name)
        list(rules_of(dialect).judge_all(Reading(cut, dialect=reading.dialect)))
