"""Every judge flags what it must, and nothing that it must not: the corpus of exchanges."""

import json
from dataclasses import replace
from itertools import pairwise
from zlib import crc32

import pytest
from grouped import each_of
from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_fixtures.exchanges import ExchangeCase, read_exchange

from .corpus import CASES, broken, exchange_of, reading_of

every_case = each_of(CASES, name=lambda case: case.name)
CUTS = 8
"""At how many places a recording is cut: other ones in each case, since many cases are alike."""
READS = 200


@every_case
@pytest.mark.guard
def test_a_recording_breaks_exactly_what_it_should(case: ExchangeCase) -> None:
    assert broken(reading_of(case)) == set(case.breaks)


@pytest.mark.parametrize("name", ["refusal", "short-stream", "stream", "stream-in-gzip"])
@pytest.mark.guard
def test_what_others_are_like_breaks_nothing(name: str) -> None:
    about = "request.never-5xx"
    text = json.dumps({"why": "It is sound.", "clears": [about], "like": name})
    assert broken(reading_of(read_exchange(f"{about}-sound", text))) == set()


@pytest.mark.guard
def test_every_judge_has_a_case_of_its_own_that_it_flags() -> None:
    assert {case.about for case in CASES if case.about in case.breaks} == set(
        rules_of(DEFAULT).judges
    )


@pytest.mark.guard
def test_every_judge_has_a_case_of_its_own_that_it_looks_at_and_clears() -> None:
    cleared = {
        case.about
        for case in CASES
        if case.about in case.clears
        and rules_of(DEFAULT).judges[case.about](reading_of(case)) == []
    }
    assert cleared == set(rules_of(DEFAULT).judges)


@pytest.mark.guard
def test_every_id_of_the_corpus_is_one_of_a_judge() -> None:
    assert {id_ for case in CASES for id_ in (*case.breaks, *case.clears)} <= set(
        rules_of(DEFAULT).judges
    )


@pytest.mark.guard
def test_every_case_says_why_and_no_two_are_the_same() -> None:
    assert all(case.why.endswith(".") for case in CASES)
    exchanges = [(exchange_of(case), tuple(case.limits_ms.items())) for case in CASES]
    assert len({(replace(one, label=""), limits) for one, limits in exchanges}) == len(CASES)


@every_case
def test_an_end_is_called_complete_only_where_the_response_is(case: ExchangeCase) -> None:
    response = reading_of(case).response
    if case.ended == "complete":
        assert response.complete
    if case.ended in {"abandoned", "timed-out"}:
        assert not response.complete


@every_case
def test_no_judge_raises_on_a_recording_cut_anywhere(case: ExchangeCase) -> None:
    exchange = exchange_of(case)
    rules = rules_of(DEFAULT)
    for end in ends(case.name, len(case.received)):
        list(rules.judge_all(reading_of(case, cut(exchange, [0, end]))))
    for end in ends(case.name, len(case.sent)):
        list(rules.judge_all(reading_of(case, replace(exchange, request=case.sent[:end]))))


def ends(name: str, size: int) -> range:
    """Return the places to cut at: evenly spread, from one that depends on the case's name."""
    step = max(1, size // CUTS)
    return range(crc32(name.encode()) % step, size, step)


@every_case
def test_how_bytes_are_cut_into_reads_changes_nothing(case: ExchangeCase) -> None:
    if case.timed:
        return
    size = len(case.received)
    places = [*range(0, size, max(1, size // READS)), size]
    exchange = cut(exchange_of(case), places)
    assert exchange.received == case.received
    assert broken(reading_of(case, exchange)) == set(case.breaks)


def cut(exchange: Exchange, places: list[int]) -> Exchange:
    """Return an exchange with what is between these places, in a read of its own each."""
    received = exchange.received
    at_s = exchange.reads[0].at_s if exchange.reads else 0.0
    reads = [Read(at_s, received[start:end]) for start, end in pairwise(places)]
    return replace(exchange, reads=tuple(reads))
