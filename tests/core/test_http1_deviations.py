"""Every deviation code: bytes that have it, and their nearest neighbours that do not."""

from __future__ import annotations

import pytest
from streamchat_conformance.core.deviation import KEPT_PER_CODE, RULES
from streamchat_conformance.core.http1 import ResponseReader

from .deviations import Case, field, status_line
from .deviations_of_bodies import BODY_CASES
from .deviations_of_heads import HEAD_CASES

CASES = HEAD_CASES + BODY_CASES


def read(received: bytes) -> ResponseReader:
    reader = ResponseReader()
    reader.receive(received, 0.0)
    reader.close(1.0)
    return reader


def show(data: bytes) -> str:
    return repr(data[-40:])


WRONG = [
    pytest.param(case, data, id=f"{case.code}-{case.area}-{number}")
    for case in CASES
    for number, data in enumerate(case.wrong)
]
RIGHT = [
    pytest.param(data, id=f"{case.code}-{case.area}-{number}")
    for case in CASES
    for number, data in enumerate(case.right)
]


def test_every_code_has_cases_in_each_of_its_areas() -> None:
    expected = {(code, area) for code, rule in RULES.items() for area in rule.areas}
    assert {(case.code, case.area) for case in CASES} == expected
    assert all(case.wrong and case.right for case in CASES)


@pytest.mark.parametrize(("case", "marked"), WRONG)
def test_a_deviation_is_named_at_its_place(case: Case, marked: bytes) -> None:
    reader = read(marked.replace(b"@", b"", 1))
    codes = {deviation.code for deviation in reader.deviations}
    assert case.code in codes
    assert codes <= {case.code} | case.also
    found = next(one for one in reader.deviations if one.code == case.code)
    assert (found.offset, found.area) == (marked.index(b"@"), case.area)
    assert reader.broken == RULES[case.code].fatal
    assert RULES[case.code].sentence in found.message


@pytest.mark.parametrize("received", RIGHT)
def test_the_neighbours_of_a_deviation_are_not_flagged(received: bytes) -> None:
    reader = read(received)
    assert reader.deviations == []
    assert not reader.broken


def test_a_flood_of_one_deviation_is_counted_and_hides_no_other() -> None:
    reader = read(field(b"a: b\r\n c\r\n" * 1000 + b"d : e"))
    assert reader.deviation_counts == {"obs-fold": 1000, "space-before-colon": 1}
    assert len(reader.deviations) == KEPT_PER_CODE + 1


def test_several_deviations_of_one_line_are_all_named() -> None:
    reader = read(field(b"a b\t: c\x00\rd\r\n e"))
    assert set(reader.deviation_counts) == {
        "name-not-token",
        "space-before-colon",
        "value-control",
        "bare-cr",
        "obs-fold",
    }


def test_a_message_quotes_few_of_many_bytes() -> None:
    (deviation,) = read(status_line(b"HTTP/9.9 200 " + b"x" * 5000)).deviations
    (long,) = read(field(b"x" * 5000)).deviations
    assert deviation.message.endswith("found b'HTTP/9.9'")
    assert len(long.message) < 200
