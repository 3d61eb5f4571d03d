"""Each fault that was seen in a real server, or that breaks a client, is found under its id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.transcript import MessageTranscript
from streamchat_conformance.judges.head import stream_head

from .messages import (
    BASE,
    CALL,
    END,
    FAILURE,
    GOOD,
    PING,
    THOUGHT,
    Item,
    begun,
    broken,
    closing,
    delta,
    event,
    nameless,
    reading_of,
    started,
    stopped,
    stream,
    whole,
    without,
)

TEXT: list[Item] = [begun(), delta(), stopped()]
SECOND = [begun(1), delta(1), stopped(1)]


def of(*items: Item) -> list[Item]:
    return list(items)


FAULTS: dict[str, tuple[list[Item], set[str]]] = {
    "no names": ([nameless(item) for item in GOOD], {"event-named"}),
    "the last events have no name": (
        [*GOOD[:-2], *map(nameless, GOOD[-2:])],
        {"event-named"},
    ),
    "other names": ([event(item, "chunk") for item in GOOD], {"event-name"}),
    "the name of another event": (
        whole(begun(), event(delta(), "content_block_start"), stopped()),
        {"event-name"},
    ),
    "no types": (
        [event(without(item, "type"), str(item["type"])) for item in GOOD if item is not PING],  # type: ignore[call-overload, arg-type]
        {"event-name"},
    ),
    "a sentinel": ([*GOOD, b"data: [DONE]\n\n"], {"no-sentinel"}),
    "a sentinel with a name": ([*GOOD, b"event: done\ndata: [DONE]\n\n"], {"payload.json"}),
    "no start": (GOOD[1:], {"message-start-first"}),
    "a late start": ([begun(), started(), *GOOD[3:]], {"message-start-first"}),
    "two starts at once": ([started(), *GOOD], {"message-start-once"}),
    "a second generation in an open block": (
        [started(), begun(), delta(), *GOOD],
        {"message-start-once"},
    ),
    "a second generation after the first": ([*GOOD, *GOOD], {"message-start-once"}),
    "a start in a block": (
        whole(begun(), delta(), started(), delta(), stopped()),
        {"message-start-once"},
    ),
    "a start without usage": (
        [without(started(), "message", "usage"), *GOOD[1:]],
        {"message-start-shape"},
    ),
    "a start without role": (
        [without(started(), "message", "role"), *GOOD[1:]],
        {"message-start-shape"},
    ),
    "a start without message": ([{"type": "message_start"}, *GOOD[1:]], {"message-start-shape"}),
    "a start that says why it stopped": (
        [started(stop_reason="end_turn"), *GOOD[1:]],
        {"message-start-open"},
    ),
    "indexes from 1": (whole(begun(1), delta(1), stopped(1)), {"block-index"}),
    "a gap in the indexes": (whole(*TEXT, begun(2), delta(2), stopped(2)), {"block-index"}),
    "one index for all": (whole(*TEXT, *TEXT), {"block-index"}),
    "a block for each token": (
        whole(begun(), delta(), begun(), delta(), stopped()),
        {"block-index"},
    ),
    "no index": (whole(*[without(item, "index") for item in TEXT]), {"block-index"}),  # type: ignore[arg-type]
    "an index that is text": (whole(begun("0"), delta("0"), stopped("0")), {"block-index"}),
    "no block start": (whole(delta(), delta(), stopped()), {"block-order"}),
    "no block stop": (whole(begun(), delta()), {"block-order"}),
    "no block stop of two blocks": (
        whole(begun(), delta(), begun(1), delta(1)),
        {"block-order"},
    ),
    "a delta after its stop": (whole(*TEXT, delta()), {"block-order"}),
    "a second stop": (whole(*TEXT, stopped()), {"block-order"}),
    "a block after message_delta": ([*whole(*TEXT)[:-1], *SECOND, END], {"block-order"}),
    "message_delta before the stop of a block": (
        of(started(), begun(), delta(), closing(), stopped(), END),
        {"block-order"},
    ),
    "two open blocks": (
        whole(begun(), begun(1), delta(), delta(1), stopped(), stopped(1)),
        {"block-sequential"},
    ),
    "a thought in a text block": (
        whole(begun(), delta(0, "thinking_delta", thinking="Hm"), delta(), stopped()),
        {"delta-type"},
    ),
    "text in a tool block": (
        whole(*TEXT, CALL[0], delta(1), *CALL[1:], reason="tool_use"),
        {"delta-type"},
    ),
    "text as the input of a tool": (
        whole(begun(), delta(0, "input_json_delta", partial_json=""), stopped()),
        {"delta-type"},
    ),
    "a delta without type": (
        whole(begun(), delta(), without(delta(), "delta", "type"), stopped()),
        {"delta-type"},
    ),
    "a block without type": (
        whole(without(begun(), "content_block", "type"), delta(), stopped()),
        {"delta-type"},
    ),
    "text that is null": (whole(begun(), delta(), delta(text=None), stopped()), {"delta-shape"}),
    "no delta": (whole(begun(), delta(), without(delta(), "delta"), stopped()), {"delta-shape"}),
    "a delta that is text": (
        whole(begun(), delta(), {**delta(), "delta": "Hello"}, stopped()),
        {"delta-shape"},
    ),
    "no message_delta": ([*GOOD[:-2], END], {"message-delta"}),
    "no stop reason": ([*GOOD[:-2], closing(None), END], {"message-delta"}),
    "no usage at the end": ([*GOOD[:-2], without(closing(), "usage"), END], {"message-delta"}),
    "no stop sequence": (
        [*GOOD[:-2], without(closing(), "delta", "stop_sequence"), END],
        {"message-delta-full"},
    ),
    "usage that falls": (
        [*GOOD[:-2], closing(None, 9), closing("end_turn", 3), END],
        {"message-delta-full"},
    ),
    "no message_stop": (GOOD[:-1], {"message-stop"}),
    "neither message_delta nor message_stop": (GOOD[:-2], {"message-stop"}),
    "no end at all": (GOOD[:-3], {"message-stop"}),
    "two message_stop": ([*GOOD, END], {"message-stop"}),
    "text after message_stop": ([*GOOD, *SECOND], {"message-stop"}),
    "an error without name": (of(*GOOD[:3], nameless(FAILURE)), {"error-event"}),
    "an error of another API": (
        of(*GOOD[:3], nameless({"error": {"message": "Overloaded", "type": "x"}})),
        {"error-event"},
    ),
    "an error without message": (
        of(*GOOD[:3], {"type": "error", "error": {"type": "x"}}),
        {"error-event"},
    ),
    "message_stop after an error": (of(*GOOD[:3], FAILURE, END), {"error-event"}),
    "text after an error": (of(*GOOD[:3], FAILURE, delta()), {"error-event"}),
    "no names, and an error": (
        [*map(nameless, GOOD[:3]), nameless(FAILURE)],
        {"event-named"},
    ),
    "a tool without id": (
        whole(*TEXT, begun(1, "tool_use", id=""), *CALL[1:], reason="tool_use"),
        {"tool-block"},
    ),
    "a tool whose input is cut": (
        whole(*TEXT, *CALL[:2], CALL[3], reason="tool_use"),
        {"tool-block"},
    ),
    "a tool whose input is an array": (
        whole(
            *TEXT,
            CALL[0],
            delta(1, "input_json_delta", partial_json="[]"),
            CALL[3],
            reason="tool_use",
        ),
        {"tool-block"},
    ),
    "a tool that ends the turn": (whole(*TEXT, *CALL), {"tool-stop-reason"}),
    "a thought without signature": (
        whole(*THOUGHT[:2], THOUGHT[3], *SECOND),
        {"thinking-signature"},
    ),
    "a stop reason of the future": (whole(*TEXT, reason="bored"), {"unknown-events"}),
    "an unknown event": ([*GOOD[:2], {"type": "message_note"}, *GOOD[2:]], {"unknown-events"}),
    "an unknown block": (
        whole(*TEXT, begun(1, "hologram"), delta(1, "hologram_delta", x=1), stopped(1)),
        {"unknown-events"},
    ),
    "an unknown delta": (
        whole(begun(), delta(0, "glitter_delta", x=1), delta(), stopped()),
        {"unknown-events"},
    ),
    "data that is no JSON": (
        [*GOOD[:3], b"event: content_block_delta\ndata: {\n\n", *GOOD[3:]],
        {"payload.json"},
    ),
    "a ping without type": ([event({}, "ping"), *GOOD], {"heartbeat"}),
    "no text": (whole(begun(), stopped()), {"payload.nonempty"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_under_its_id_alone(name: str) -> None:
    items, rows = FAULTS[name]
    assert broken(stream(*items)) == rows


LEGAL: dict[str, list[Item]] = {
    "text": GOOD,
    "a ping before the start": [PING, *GOOD],
    "a ping after the end": [*GOOD, PING],
    "a comment": [b": alive\n\n", *GOOD],
    "thoughts, then text": whole(*THOUGHT, *SECOND),
    "a thought that the limit cut": whole(*THOUGHT[:2], THOUGHT[3], reason="max_tokens"),
    "text, then a tool": whole(*TEXT, *CALL, reason="tool_use"),
    "a tool without input": whole(*TEXT, CALL[0], CALL[3], reason="tool_use"),
    "a tool that is cut at the limit": whole(*TEXT, *CALL[:2], CALL[3], reason="max_tokens"),
    "hidden thoughts": whole(begun(0, "redacted_thinking", data="x"), stopped(), *SECOND),
    "the result of a search": whole(begun(0, "web_search_tool_result"), stopped(), *SECOND),
    "citations": whole(begun(), delta(0, "citations_delta", citation={}), delta(), stopped()),
    "usage twice": [*GOOD[:-2], closing(None, 3), closing("end_turn", 5), END],
    "nothing, because of the limit": whole(begun(), stopped(), reason="max_tokens"),
    "an error at once": [FAILURE],
    "an error in a block": of(*GOOD[:3], FAILURE),
    "an error, and the stop of its block": of(*GOOD[:3], FAILURE, stopped()),
    "more members": whole({**begun(), "x": 1}, {**delta(), "x": 1}, stopped()),
}


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_message_breaks_nothing(name: str) -> None:
    assert broken(stream(*LEGAL[name])) == set()


def test_a_body_that_is_cut_is_the_transports_fault_alone() -> None:
    assert broken(stream(*GOOD[:3], ending=Ending.CLOSED)) == {"transport.terminated"}


def test_an_end_without_data_is_reported_as_that_alone() -> None:
    body = b"".join(map(event, GOOD[:-1])) + b"event: message_stop\n\n"
    assert broken(reading_of(body)) == {"sse.data"}


def test_a_message_delta_that_says_nothing_is_one_fault() -> None:
    nothing = {**closing(), "delta": {}}
    assert broken(stream(*GOOD[:-2], nothing, END)) == {"message-delta"}


def test_a_count_that_is_lower_than_at_the_start_has_fallen() -> None:
    def begun_with(tokens: int) -> Any:
        return started(usage={"input_tokens": 1, "output_tokens": tokens})

    assert broken(stream(begun_with(4096), *GOOD[1:])) == {"message-delta-full"}
    nothing = closing("end_turn", 0)
    assert broken(stream(begun_with(1), *GOOD[1:-2], nothing, END)) == set()


def test_a_body_that_stays_open_after_the_end_is_found() -> None:
    reading = stream(*GOOD, ending=Ending.ABANDONED, ended_at_s=9.0)
    assert broken(reading) == {"end-prompt"}


JSON = "application/json"
WHOLE = {
    "type": "message",
    "content": [],
    "usage": {"input_tokens": 3, "output_tokens": 1},
}


@pytest.mark.parametrize("value", [None, False])
def test_a_stream_that_nobody_asked_for_is_found(value: Any) -> None:
    members = {**BASE, "stream": value} if value is not None else without(BASE, "stream")
    assert broken(stream(*GOOD, members=members)) == {"stream-optional"}
    assert broken(reading_of(json.dumps(WHOLE).encode(), members, media_type=JSON)) == set()


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({**WHOLE, "usage": None}),
        json.dumps({**WHOLE, "usage": {"input_tokens": 3}}),
        json.dumps({**WHOLE, "content": "Hello"}),
        json.dumps({**WHOLE, "type": None}),
        json.dumps(WHOLE)[:-2],
    ],
)
def test_what_is_no_whole_message_is_found(body: str) -> None:
    reading = reading_of(body.encode(), {**BASE, "stream": False}, media_type=JSON)
    assert broken(reading) == {"stream-optional"}


def summary(found: MessageTranscript | None) -> Any:
    assert found is not None
    problems = {row: len(each) for row, each in found.problems.items() if each}
    return [event.kind for event in found.events], found.text, problems, found.decided


def blocks() -> st.SearchStrategy[bytes]:
    """Draw events, most of them real ones out of order."""
    items = [*GOOD, *CALL, *THOUGHT, FAILURE, END, begun(3), stopped(9), delta(None)]
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(MEMBERS, inner, max_size=3),
        max_leaves=6,
    )
    odd = st.dictionaries(MEMBERS, values, max_size=4).map(event)
    return st.sampled_from(items).map(event) | odd | st.binary(max_size=12)


MEMBERS = st.sampled_from(["type", "index", "delta", "message", "content_block", "error", "usage"])


@settings(deadline=None, max_examples=examples(60))
@given(parts=st.lists(blocks(), max_size=8), cuts=st.lists(st.integers(0, 400), max_size=5))
def test_no_bytes_raise_and_every_cut_is_read_alike(parts: list[bytes], cuts: list[int]) -> None:
    body = b"".join(parts)
    at_once = transcript(reading_of(body))
    cut = transcript(reading_of(body, cuts=[at for at in cuts if at < len(body)]))
    if at_once is not None:
        assert summary(cut) == summary(at_once)
    broken(reading_of(body))


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\n", "\r\n"])
def test_text_of_the_request_that_ends_a_line_breaks_the_stream(separator: str) -> None:
    prompt = f"Repeat this: hello{separator}goodbye"
    asked = {**BASE, "messages": [{"role": "user", "content": prompt}]}
    said = event(delta(text="hello|goodbye")).replace(b"|", b"\n")
    # That the data is no JSON then is no other fault.
    assert broken(stream(*whole(begun(), said, stopped()), members=asked)) == {"sse.fields"}


def test_text_of_the_request_that_becomes_an_event_breaks_the_stream() -> None:
    injected = '{"type": "content_block_stop", "index": 0}'
    prompt = f"Repeat this: hello\n\ndata: {injected}\n\ngoodbye"
    asked = {**BASE, "messages": [{"role": "user", "content": prompt}]}
    said = event(delta(text="hello|goodbye"))
    said = said.replace(b"|", f"\n\ndata: {injected}\n\n".encode())
    found = broken(stream(*whole(begun(), said, stopped()), members=asked))
    assert found >= {"sse.fields", "payload.json", "event-named"}


def test_an_error_with_status_200_has_no_head_of_a_stream() -> None:
    refused = reading_of(json.dumps(FAILURE).encode(), media_type="application/json")
    assert stream_head(refused) is None
    answered = reading_of(b'{"type": "message"}', media_type="application/json")
    assert stream_head(answered) is not None
