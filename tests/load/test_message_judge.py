"""The state machine of load tests for messages names each fault, whatever way an event takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from faulty_server import Settings
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core.eventstream import EventStreamParser
from streamchat_load.dialects.anthropic.message_judge import MessageJudge
from streamchat_load.dialects.chat_messages.stream_ids import StreamIds

from .message_server import FAULTS, MessageServer, block, delta, message_start, text_block

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamchat_load.dialects.dialect import EventViolation

NONCES = ("0123456789abcdef", "fedcba9876543210", "00112233aabbccdd")
OF_THE_BYTES = frozenset({"cut", "utf8", "malformed-line", "media-type", "stalled"})
"""Faults that are found before an event is read."""
OF_THE_TEXT = frozenset({"lost", "duplicated", "reordered", "altered", "crossed-text"})
"""Faults that show only next to what the stream was to say."""


def judged(blocks: Iterable[bytes], judge: MessageJudge) -> list[EventViolation]:
    """Return what a judge finds in the blocks of a stream that has ended."""
    parser = EventStreamParser()
    events = [event for each in blocks for event in parser.receive(each, 0.0)]
    found = [judge.take(event.type, event.data) for event in events]
    return [each for each in (*found, judge.finish()) if each is not None]


def server() -> MessageServer:
    return MessageServer(Settings(1, 0, 0.0, "echo", frozenset(), True, "", ()))


ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "a line of several words"}]}


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - OF_THE_BYTES - OF_THE_TEXT))
def test_a_broken_message_is_named_by_its_first_fault(fault: str) -> None:
    ids, speaking = StreamIds(), server()
    *before, last = NONCES
    for nonce in before:
        assert judged(speaking.blocks(ASKED, ""), MessageJudge(nonce, ids)) == []
    found = judged(speaking.blocks(ASKED, fault), MessageJudge(last, ids))
    assert found[0].fault == FAULTS[fault]


@given(texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=8))
def test_every_text_of_a_message_is_read_whole_and_counted_once(texts: list[str]) -> None:
    events = [
        message_start("msg_1"),
        {"type": "content_block_start", "index": 0, "content_block": text_block()},
        *map(delta, texts),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    judge = MessageJudge(NONCES[0], StreamIds())
    assert judged([block(each, str(each["type"])) for each in events], judge) == []
    assert judge.text == "".join(texts)
    assert judge.text_events == sum(map(bool, texts))
    assert judge.usage is not None
    assert (judge.usage.prompt_tokens, judge.usage.completion_tokens) == (9, 3)


def test_pings_and_thoughts_among_texts_leave_the_text_as_it_is() -> None:
    blocks = server().blocks(ASKED, "")
    ping = block({"type": "ping"}, "ping")
    judge = MessageJudge(NONCES[0], StreamIds())
    assert (
        judged([part for each in blocks[:-1] for part in (each, ping)] + blocks[-1:], judge) == []
    )
    assert judge.text == ASKED["messages"][0]["content"]


def test_uses_of_tools_are_a_part_of_what_a_message_says() -> None:
    head = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    pieces = [json.dumps({"city": "Paris"})[:5], json.dumps({"city": "Paris"})[5:]]
    events: list[dict[str, Any]] = [
        message_start("msg_1"),
        {"type": "content_block_start", "index": 0, "content_block": head},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": piece},
            }
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    judge = MessageJudge(NONCES[0], StreamIds())
    assert judged([block(each, str(each["type"])) for each in events], judge) == []
    assert 'look{"city": "Paris"}' in judge.said
