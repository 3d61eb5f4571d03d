from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.faults import FaultEvidence, StreamFault
from streamchat_load.metrics.ledger import LoadLedger
from streamchat_load.metrics.timeline import CELL_LIMIT, LoadTimeline

if TYPE_CHECKING:
    from collections.abc import Sequence

Happening = tuple[str, float, float]

happenings = st.lists(
    st.tuples(
        st.sampled_from([outcome.value for outcome in StreamOutcome]),
        st.floats(0, 5),
        st.floats(1_000_000, 1_002_000),
    ),
    max_size=40,
)


def ledger_of(items: Sequence[Happening]) -> LoadLedger:
    ledger = LoadLedger()
    for outcome, duration_s, epoch_s in items:
        ledger.counts["started"] += 1
        ledger.outcomes[outcome] += 1
        ledger.times["head"].record(duration_s)
        ledger.phase("all").gap.record(duration_s)
        ledger.phase("all").first_text.record(duration_s / 2)
        cell = ledger.timeline.at(epoch_s)
        cell.counts["events"] += 1
        cell.gap.record(duration_s)
        cell.first_text.record(duration_s / 2)
        ledger.show(FaultEvidence(StreamFault.LOST, outcome, at_epoch_s=epoch_s))
    return ledger


@given(happenings, happenings)
def test_two_processes_add_up_to_one_that_saw_everything(
    one: list[Happening], other: list[Happening]
) -> None:
    merged = ledger_of(one)
    merged.merge(ledger_of(other))
    whole = ledger_of([*one, *other])
    width_s = max(merged.timeline.width_s, whole.timeline.width_s)
    merged.timeline.widen(width_s)
    whole.timeline.widen(width_s)
    merged.evidence.clear()
    whole.evidence.clear()
    assert merged.dump() == whole.dump()


@given(happenings)
def test_a_ledger_survives_the_way_to_the_master(items: list[Happening]) -> None:
    sent = json.loads(json.dumps(ledger_of(items).dump()))
    assert LoadLedger.load(sent).dump() == ledger_of(items).dump()


@given(happenings, st.integers(0, 40))
def test_taking_in_parts_loses_nothing_and_counts_nothing_twice(
    items: list[Happening], place: int
) -> None:
    ledger = ledger_of(items[:place])
    sums = LoadLedger()
    sums.merge(ledger.take())
    assert ledger.dump() == LoadLedger().dump()
    ledger.merge(ledger_of(items[place:]))
    sums.merge(ledger.take())
    assert sums.outcomes == ledger_of(items).outcomes
    assert sums.total("gap") == ledger_of(items).total("gap")


def test_the_earliest_evidence_of_a_class_is_kept() -> None:
    ledger = LoadLedger()
    for at_epoch_s in (3.0, 1.0, 2.0):
        ledger.show(FaultEvidence(StreamFault.STALL, str(at_epoch_s), at_epoch_s=at_epoch_s))
    assert ledger.evidence["stall"].message == "1.0"


def test_a_long_timeline_grows_coarser_and_not_longer() -> None:
    timeline = LoadTimeline()
    for second in range(CELL_LIMIT * 4):
        timeline.at(second).counts["events"] += 1
    assert len(timeline.cells) <= CELL_LIMIT
    assert sum(cell.counts["events"] for cell in timeline.cells.values()) == CELL_LIMIT * 4


def test_cells_are_not_joined_to_a_width_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="cannot be joined"):
        LoadTimeline(4).widen(6)


def test_evidence_of_any_bytes_can_be_carried_as_json() -> None:
    evidence = FaultEvidence(StreamFault.UTF8, "m", excerpt=bytes(range(256)), expected="\ud83d")
    assert FaultEvidence.load(json.loads(json.dumps(evidence.dump()))) == evidence
