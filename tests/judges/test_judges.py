"""Every judge accuses what it must, and nothing that it must not."""

import importlib.util
import sys
from pathlib import Path

import pytest

from streamchat_conformance.chat.classify import Expectation
from streamchat_conformance.judges import JUDGES, Reading, judge_all

_SPEC = importlib.util.spec_from_file_location("judge_rows", Path(__file__).parent / "rows.py")
assert _SPEC is not None
assert _SPEC.loader is not None
rows = importlib.util.module_from_spec(_SPEC)
sys.modules["judge_rows"] = rows
_SPEC.loader.exec_module(rows)

ONLY_TIME_SHOWS = {"stream.gap", "stream.whole-events"}


@pytest.mark.parametrize("row", rows.ROWS, ids=lambda row: row.name)
def test_a_recording_breaks_exactly_what_it_should(row):
    reading = Reading(row.exchange)
    broken = {id_ for id_, findings in judge_all(reading) if findings}
    assert broken == set(row.breaks)


def test_every_judge_has_a_recording_that_it_accuses():
    accused = {id_ for row in rows.ROWS for id_ in row.breaks}
    assert set(JUDGES) - accused == ONLY_TIME_SHOWS


def right_answer(row):
    """Return the row's request with an answer that it deserves."""
    asked = Reading(row.exchange).asked
    texts = {"text": asked.texts[0]} if asked.texts else {}
    refused = asked.expectation is Expectation.REFUSE
    answer = rows.refusal(**texts) if refused else rows.stream()
    return Reading(rows.Row(row.name, answer, (), row.request).exchange)


def test_every_judge_clears_a_right_answer_to_the_same_request():
    everything = [right_answer(row) for row in rows.ROWS]
    everything += [Reading(row.exchange) for row in rows.ROWS]
    cleared = {id_ for reading in everything for id_, found in judge_all(reading) if not found}
    assert set(JUDGES) - cleared == set()


@pytest.mark.parametrize("row", rows.ROWS, ids=lambda row: row.name)
def test_no_judge_raises_on_a_recording_cut_anywhere(row):
    whole = row.exchange.received
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        cut = rows.Row(row.name, whole[:end], (), row.request, row.ending, row.limit)
        list(judge_all(Reading(cut.exchange)))
