from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_load.faults import EXCERPT_LIMIT_BYTES, StreamFault
from streamchat_load.verification.expected_body import learn_body
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.retained_body import RETAINED_LIMIT_BYTES
from streamchat_load.verification.stream_verifier import StreamVerifier
from streamchat_load.verification.template import LEARNING_NONCES

from .streams import (
    BYTES,
    DIALECT,
    EVENTS,
    NONCE,
    OTHER,
    TEMPLATE,
    UNKNOWN,
    WHOLE_BODY,
    changed,
    events_of,
    fault_of,
    judge,
    learned,
    texts_of,
)

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize("oracle", [BYTES, WHOLE_BODY, UNKNOWN], ids=["bytes", "texts", "unknown"])
@given(cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_a_good_stream_is_good_however_it_is_cut(oracle: Oracle, cuts: list[int]) -> None:
    body = b"".join(events_of(NONCE))
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pieces = [body[start:end] for start, end in pairwise(edges)]
    verifier = judge(pieces, oracle)
    assert verifier.evidence is None
    assert verifier.events == EVENTS
    assert verifier.body_bytes == len(body)


def test_heartbeats_between_events_are_no_fault() -> None:
    blocks = [b": still here\n\n" + block for block in events_of(NONCE)]
    assert judge(blocks).evidence is None


def swapped() -> list[bytes]:
    blocks = events_of(NONCE)
    return [*blocks[:2], blocks[3], blocks[2], *blocks[4:]]


FAULTY: dict[str, tuple[list[bytes], StreamFault]] = {
    "lost": (events_of(NONCE)[:2] + events_of(NONCE)[3:], StreamFault.LOST),
    "first lost": (events_of(NONCE)[1:], StreamFault.LOST),
    "tail lost": (events_of(NONCE)[:-2], StreamFault.TRUNCATED),
    "duplicated": (events_of(NONCE)[:3] + events_of(NONCE)[2:], StreamFault.DUPLICATED),
    "first again at the end": (events_of(NONCE) + events_of(NONCE)[:1], StreamFault.DUPLICATED),
    "reordered": (swapped(), StreamFault.REORDERED),
    "crossed": (changed(2, events_of(OTHER)[2]), StreamFault.CROSSED),
    "an additional event of another stream": (
        events_of(NONCE)[:2] + events_of(OTHER)[2:3] + events_of(NONCE)[2:],
        StreamFault.CROSSED,
    ),
    "all of another stream": (events_of(OTHER), StreamFault.CROSSED),
    "not UTF-8": (
        changed(2, events_of(NONCE)[2].replace("日".encode(), b"\xe6")),
        StreamFault.UTF8,
    ),
    "replaced": (
        changed(2, events_of(NONCE)[2].replace("日".encode(), b"\xef\xbf\xbd")),
        StreamFault.UTF8,
    ),
    "error event": (changed(2, b'event: error\ndata: {"error": "x"}\n\n'), StreamFault.ERROR_EVENT),
    "error object": (changed(2, b'data: {"error": "x"}\n\n'), StreamFault.ERROR_EVENT),
    "not JSON": (changed(2, b"data: [DONE]\n\n"), StreamFault.PAYLOAD),
    "NaN": (changed(2, b'data: {"response": NaN}\n\n'), StreamFault.PAYLOAD),
    "not an object": (changed(2, b'data: ["x"]\n\n'), StreamFault.PAYLOAD),
    "response is no string": (changed(2, b'data: {"response": 1}\n\n'), StreamFault.PAYLOAD),
    "no echo": (changed(2, b'data: {"response": "2"}\n\n'), StreamFault.PAYLOAD),
    "another text": (
        changed(2, events_of(NONCE)[2].replace(b"2 ", b"7 ")),
        StreamFault.ALTERED,
    ),
    "a damaged field name": (changed(2, b"dta" + events_of(NONCE)[2][4:]), StreamFault.FRAMING),
    "a line of rubbish": ([b"rubbish\n", *events_of(NONCE)], StreamFault.FRAMING),
    "cut inside the last event": (
        changed(EVENTS - 1, events_of(NONCE)[-1][:-7]),
        StreamFault.TRUNCATED,
    ),
    "nothing at all": ([], StreamFault.TRUNCATED),
    "an error that is no event": (
        [*events_of(NONCE)[:3], b'{"error": "gone"}'],
        StreamFault.FRAMING,
    ),
    "a page instead of the rest": (
        [*events_of(NONCE)[:3], b"<html>502</html>"],
        StreamFault.FRAMING,
    ),
    "a name without data": (changed(2, b"event: error\n\n"), StreamFault.FRAMING),
    "cut inside a field's name": ([*events_of(NONCE)[:-1], b"dat"], StreamFault.TRUNCATED),
    "a number of another kind": (
        changed(2, events_of(NONCE)[2].replace(b"}\n\n", b', "x": NaN}\n\n')),
        StreamFault.PAYLOAD,
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_named(name: str) -> None:
    blocks, fault = FAULTY[name]
    assert fault_of(judge(blocks)) is fault
    by_bytes = judge(blocks, BYTES)
    assert by_bytes.evidence is not None
    assert replace(by_bytes.evidence, at_epoch_s=0.0) == replace(
        judge(blocks).evidence or by_bytes.evidence, at_epoch_s=0.0
    )
    assert by_bytes.events == judge(blocks).events


VISIBLE_WITHOUT_TEMPLATE = (
    StreamFault.CROSSED,
    StreamFault.UTF8,
    StreamFault.ERROR_EVENT,
    StreamFault.PAYLOAD,
    StreamFault.FRAMING,
)


@pytest.mark.parametrize(
    "name", [name for name, (_, fault) in FAULTY.items() if fault in VISIBLE_WITHOUT_TEMPLATE]
)
def test_a_fault_that_needs_no_template_is_named_without_one(name: str) -> None:
    blocks, fault = FAULTY[name]
    assert fault_of(judge(blocks, UNKNOWN)) is fault


@pytest.mark.parametrize("name", FAULTY)
@settings(max_examples=20)
@given(size=st.integers(1, 60))
def test_a_fault_is_the_same_however_the_stream_is_cut(name: str, size: int) -> None:
    blocks, fault = FAULTY[name]
    body = b"".join(blocks)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert fault_of(judge(pieces)) is fault


def test_a_connection_that_ends_early_truncates_the_stream() -> None:
    assert fault_of(judge(events_of(NONCE), ended=False)) is StreamFault.TRUNCATED
    assert fault_of(judge(events_of(NONCE), BYTES, ended=False)) is StreamFault.TRUNCATED


def test_of_a_stream_that_the_client_cut_nothing_is_missing() -> None:
    assert judge(events_of(NONCE)[:2], ended=False, cut=True).evidence is None
    assert judge(events_of(NONCE)[:2], BYTES, ended=False, cut=True).evidence is None


def test_evidence_shows_the_offending_line_and_where_it_stands() -> None:
    blocks, _ = FAULTY["another text"]
    evidence = judge([b"".join(blocks)]).evidence
    assert evidence is not None
    assert evidence.event == 2
    assert evidence.offset == len(b"".join(blocks[:2]))
    assert evidence.excerpt.startswith(blocks[2])
    assert evidence.expected == texts_of(NONCE)[2]
    assert evidence.nonce == NONCE


def test_evidence_shows_the_line_whatever_ends_the_lines() -> None:
    blocks = [block.replace(b"\n", b"\r") for block in FAULTY["another text"][0]]
    evidence = judge([b"".join(blocks)]).evidence
    assert evidence is not None
    assert evidence.offset == len(b"".join(blocks[:2]))
    assert evidence.excerpt.startswith(blocks[2])


@pytest.mark.parametrize("name", ["not UTF-8", "an error that is no event", "a damaged field name"])
def test_evidence_of_bytes_that_are_no_event_has_their_offset(name: str) -> None:
    blocks, _ = FAULTY[name]
    evidence = judge([b"".join(blocks)]).evidence
    before = next(n for n, block in enumerate(blocks) if block != events_of(NONCE)[n])
    assert evidence is not None
    assert evidence.event == before
    begun = len(b"".join(blocks[:before]))
    assert begun <= (evidence.offset or 0) < begun + len(blocks[before])


def test_a_missing_tail_is_reported_with_what_was_expected() -> None:
    evidence = judge(events_of(NONCE)[:-2]).evidence
    assert evidence is not None
    assert evidence.expected == texts_of(NONCE)[-2]


def test_a_chunk_that_swallowed_the_end_of_the_stream_is_no_stall() -> None:
    verifier = StreamVerifier(DIALECT.build(NONCE), WHOLE_BODY, DIALECT)
    verifier.receive(b"".join(events_of(NONCE)) + b"\r\n0\r\n\r\n", 0.0)
    verifier.fail(StreamFault.STALL, "nothing more")
    verifier.finish(ended=False, cut=True)
    assert fault_of(verifier) is StreamFault.FRAMING


def typed(nonce: str) -> list[str]:
    return [f'{{"response": "{nonce[at : at + 4]}"}}' for at in range(0, 16, 4)]


def test_pieces_of_another_streams_nonce_are_crossed_and_other_letters_altered() -> None:
    oracle = Oracle(template=learned(typed), length=4)
    blocks = [b"data: " + text.encode() + b"\n\n" for text in typed(NONCE)]
    assert judge(blocks, oracle).evidence is None
    crossed = [*blocks[:2], b"data: " + typed(OTHER)[2].encode() + b"\n\n", blocks[3]]
    assert fault_of(judge(crossed, oracle)) is StreamFault.CROSSED
    altered = [*blocks[:2], blocks[2].replace(b'": "', b'": "x'), blocks[3]]
    assert fault_of(judge(altered, oracle)) is StreamFault.ALTERED


def test_evidence_shows_the_event_that_is_wrong_where_its_text_comes_again_later() -> None:
    evidence = judge([b"".join([events_of(NONCE)[4], *events_of(NONCE)])]).evidence
    assert evidence is not None
    assert (evidence.fault, evidence.event, evidence.offset) == (StreamFault.DUPLICATED, 0, 0)


def with_members(block: bytes, **members: object) -> bytes:
    value = {**json.loads(block[6:]), **members}
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def test_members_that_are_not_the_answers_may_vary() -> None:
    blocks = [with_members(block, created=n) for n, block in enumerate(events_of(NONCE))]
    for oracle in (WHOLE_BODY, BYTES, UNKNOWN):
        assert judge(blocks, oracle).evidence is None
    assert fault_of(judge([*blocks[:2], *blocks[3:]])) is StreamFault.LOST
    assert fault_of(judge([*blocks[:3], *blocks[2:]])) is StreamFault.DUPLICATED
    assert (
        fault_of(judge([*blocks[:2], blocks[3], blocks[2], *blocks[4:]])) is StreamFault.REORDERED
    )
    blocks[2] = with_members(blocks[2], response="9")
    assert fault_of(judge(blocks)) is StreamFault.ALTERED
    blocks[2] = with_members(blocks[2], response="2 日本", note="\ufffd")
    assert fault_of(judge(blocks)) is StreamFault.UTF8


def test_named_events_without_an_answer_are_neither_counted_nor_compared() -> None:
    ping = b"event: ping\ndata: {}\n\n"
    for oracle in (WHOLE_BODY, BYTES, UNKNOWN):
        verifier = judge([ping, *events_of(NONCE)[:3], ping, *events_of(NONCE)[3:]], oracle)
        assert verifier.evidence is None
        assert verifier.events == EVENTS
    assert (
        fault_of(judge([b"event: done\ndata: [DONE]\n\n", *events_of(NONCE)]))
        is StreamFault.PAYLOAD
    )


def test_evidence_is_short_however_large_the_event_is() -> None:
    evidence = judge(changed(1, b'data: {"response": "' + b"x" * 100_000 + b'"}\n\n')).evidence
    assert evidence is not None
    assert len(evidence.excerpt) <= EXCERPT_LIMIT_BYTES
    assert len(evidence.expected) <= EXCERPT_LIMIT_BYTES


def test_little_of_a_large_stream_is_kept() -> None:
    verifier = StreamVerifier(DIALECT.build(NONCE), UNKNOWN, DIALECT)
    block = b": " + b"x" * 60_000 + b"\n\n"
    for _ in range(100):
        verifier.receive(block, 0.0)
        assert len(verifier._retained) <= RETAINED_LIMIT_BYTES + len(block)
    assert verifier.body_bytes == 100 * len(block)


def test_where_all_texts_are_the_same_the_number_of_missing_events_is_reported() -> None:
    same = b"data: " + texts_of(NONCE)[0].encode() + b"\n\n"

    def uniform(nonce: str) -> list[str]:
        return [texts_of(nonce)[0]] * EVENTS

    template = learned(uniform)
    oracle = Oracle(template=template, length=EVENTS, echo=True)
    assert fault_of(judge([same] * EVENTS, oracle)) is None
    assert fault_of(judge([same] * (EVENTS - 1), oracle)) is StreamFault.LOST
    assert fault_of(judge([same] * (EVENTS + 1), oracle)) is StreamFault.DUPLICATED


def test_events_beyond_the_template_of_an_endless_stream_are_no_fault() -> None:
    endless = Oracle(template=TEMPLATE, echo=True, read_events=EVENTS)
    blocks = events_of(NONCE, EVENTS + 3)
    assert judge(blocks, endless, ended=False, cut=True).evidence is None
    blocks[-1] = events_of(OTHER, EVENTS + 3)[-1]
    assert fault_of(judge(blocks, endless, ended=False, cut=True)) is StreamFault.CROSSED


def test_an_oracle_is_the_same_after_the_way_to_a_worker() -> None:
    for oracle in (BYTES, WHOLE_BODY, UNKNOWN):
        assert Oracle.load(json.loads(json.dumps(oracle.dump()))) == oracle


def test_the_bytes_of_a_correct_stream_are_compared_and_nothing_is_parsed() -> None:
    assert BYTES.expected_body is not None
    assert BYTES.expected_body.body(NONCE) == b"".join(events_of(NONCE))
    verifier = judge(events_of(NONCE), BYTES)
    assert verifier.events == EVENTS
    assert not verifier._retained


def test_bodies_that_differ_by_more_than_the_nonce_are_not_predictable() -> None:
    bodies = [b"".join(events_of(nonce)) for nonce in (*LEARNING_NONCES, OTHER)]
    assert learn_body([*bodies[:2], bodies[2] + b": late\n\n"], OTHER) is None
    assert learn_body([bodies[0], bodies[1] + b"\n", bodies[2]], OTHER) is None
    assert learn_body([bodies[0] + b"\xff", bodies[1] + b"\xff", bodies[2]], OTHER) is None
    assert learn_body([b"", b"", b""], OTHER) is None
