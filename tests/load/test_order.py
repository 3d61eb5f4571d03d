from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from streamchat_load.faults import StreamFault
from streamchat_load.verification.event_order import EventOrder, describe_order

lengths = st.integers(3, 40)


def fault_of(arrived: list[int | None], length: int | None = None) -> StreamFault | None:
    found = describe_order(arrived, length)
    return found[0] if found else None


@given(lengths)
def test_events_in_order_are_no_fault(length: int) -> None:
    assert fault_of([*range(length)], length) is None


@given(lengths, st.data())
def test_an_event_missing_before_another_is_lost(length: int, data: st.DataObject) -> None:
    missing = data.draw(st.integers(0, length - 2))
    assert (
        fault_of([place for place in range(length) if place != missing], length) is StreamFault.LOST
    )


@given(lengths, st.data())
def test_an_event_that_comes_again_at_any_place_is_duplicated(
    length: int, data: st.DataObject
) -> None:
    arrived: list[int | None] = [*range(length)]
    again = data.draw(st.integers(0, length - 1))
    arrived.insert(data.draw(st.integers(again, length)), again)
    assert fault_of(arrived, length) is StreamFault.DUPLICATED


@given(lengths.flatmap(lambda length: st.permutations(range(length))))
def test_any_other_order_of_all_events_is_reordered(arrived: list[int]) -> None:
    assume(arrived != sorted(arrived))
    assert fault_of([*arrived], len(arrived)) is StreamFault.REORDERED


@given(lengths, st.data())
def test_a_missing_tail_is_truncated(length: int, data: st.DataObject) -> None:
    come = data.draw(st.integers(0, length - 1))
    assert fault_of([*range(come)], length) is StreamFault.TRUNCATED


@given(lengths, st.data())
def test_a_stranger_in_an_events_place_is_not_a_loss_too(length: int, data: st.DataObject) -> None:
    arrived: list[int | None] = [*range(length)]
    arrived[data.draw(st.integers(0, length - 1))] = None
    assert fault_of(arrived, length) is None


def test_of_a_stream_that_was_cut_only_the_middle_is_judged() -> None:
    assert fault_of([0, 1, 2], None) is None
    assert fault_of([0, 2], None) is StreamFault.LOST


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=20), st.data())
def test_texts_in_order_are_in_order_even_if_some_are_the_same(
    texts: list[str], data: st.DataObject
) -> None:
    known = data.draw(st.integers(0, len(texts) - 1))
    arrivals = EventOrder(texts, texts, known)
    for place in range(known, len(texts)):
        assert arrivals.take(texts[place], texts[place], place) == place
    assert describe_order(arrivals.arrived, len(texts)) is None


def test_a_text_that_is_nowhere_in_the_stream_has_no_place() -> None:
    arrivals = EventOrder(["a", "b"], ["a", "b"], 0)
    assert arrivals.take("x", "x", 0) is None
    assert arrivals.arrived == [None]
