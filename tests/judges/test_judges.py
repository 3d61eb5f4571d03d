"""Every judge accuses what it must, and nothing that it must not."""

import pytest
from streamchat_conformance.chat.classify import Expectation
from streamchat_conformance.judges import JUDGES, Reading, judge_all

from .recordings import Row, refusal, stream
from .refusal_rows import REFUSAL_ROWS
from .stream_rows import STREAM_ROWS

ROWS = (*STREAM_ROWS, *REFUSAL_ROWS)

ONLY_TIME_SHOWS = {"stream.gap", "stream.whole-events"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_recording_breaks_exactly_what_it_should(row: Row) -> None:
    reading = Reading(row.exchange)
    broken = {id_ for id_, findings in judge_all(reading) if findings}
    assert broken == set(row.breaks)


def test_every_judge_has_a_recording_that_it_accuses() -> None:
    accused = {id_ for row in ROWS for id_ in row.breaks}
    assert set(JUDGES) - accused == ONLY_TIME_SHOWS


def right_answer(row: Row) -> Reading:
    """Return the row's request with an answer that it deserves."""
    asked = Reading(row.exchange).asked
    refused = asked.expectation is Expectation.REFUSE
    text = asked.texts[0] if asked.texts else "No."
    answer = refusal(text=text) if refused else stream()
    return Reading(Row(row.name, answer, (), row.request).exchange)


def test_every_judge_clears_a_right_answer_to_the_same_request() -> None:
    everything = [right_answer(row) for row in ROWS]
    everything += [Reading(row.exchange) for row in ROWS]
    cleared = {id_ for reading in everything for id_, found in judge_all(reading) if not found}
    assert set(JUDGES) - cleared == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_no_judge_raises_on_a_recording_cut_anywhere(row: Row) -> None:
    whole = row.exchange.received
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        cut = Row(row.name, whole[:end], (), row.request, row.ending, row.limit)
        list(judge_all(Reading(cut.exchange)))
