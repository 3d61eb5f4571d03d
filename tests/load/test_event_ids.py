"""Ids of events: where they number the events, they show the order."""

from __future__ import annotations

import pytest
from streamchat_load.faults import StreamFault
from streamchat_load.verification.oracle import Oracle

from .streams import fault_of, judge


def numbered(*ids: int) -> list[bytes]:
    return [
        b'id: %d\ndata: {"response": "random %d"}\n\n' % (identifier, place)
        for place, identifier in enumerate(ids)
    ]


@pytest.mark.parametrize(
    ("ids", "fault"),
    [
        ((4, 5, 6, 7), None),
        ((4, 5, 7, 8), StreamFault.LOST),
        ((4, 5, 5, 6), StreamFault.DUPLICATED),
        ((4, 6, 5, 7), StreamFault.LOST),
        ((4, 5, 3, 7), StreamFault.REORDERED),
    ],
)
def test_ids_show_the_order_where_texts_do_not(
    ids: tuple[int, ...], fault: StreamFault | None
) -> None:
    assert fault_of(judge(numbered(*ids), Oracle(numbered=True))) is fault


def test_the_first_of_numbered_events_is_missed_too() -> None:
    oracle = Oracle(numbered=True, first_number=4)
    assert judge(numbered(4, 5, 6), oracle).evidence is None
    assert fault_of(judge(numbered(5, 6, 7), oracle)) is StreamFault.LOST


def test_a_named_event_without_content_need_not_have_a_number_of_its_own() -> None:
    ping = b"event: ping\ndata: {}\n\n"
    blocks = numbered(4, 5, 6)
    assert judge([*blocks[:2], ping, blocks[2]], Oracle(numbered=True)).evidence is None


def test_an_id_of_thousands_of_digits_is_no_number() -> None:
    blocks = [b"id: " + b"9" * 5000 + b'\ndata: {"response": "x"}\n\n'] * 2
    assert judge(blocks, Oracle(numbered=True)).evidence is None
