"""The state machine of load tests agrees with the suite's, whatever way a chunk takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.dialects.chat_messages.stream_ids import StreamIds
from streamchat_load.dialects.openai.completion_judge import CompletionJudge
from streamchat_load.faults import StreamFault

NONCE, STRANGER = "0123456789abcdef", "fedcba9876543210"
LONG_ID = "chatcmpl-0123456789abcdef01234567"
DONE = "[DONE]"


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    own = {"id": LONG_ID, "object": "chat.completion.chunk", "created": 1_790_000_000}
    return {**own, "model": "m", "choices": [choice], **more}


def answer(*texts: str) -> list[dict[str, Any]]:
    first = chunk({"role": "assistant", "content": ""})
    return [first, *(chunk({"content": text}) for text in texts), chunk({}, "stop")]


def judged(
    chunks: list[Any],
    *,
    ids: StreamIds | None = None,
    ascii_only: bool = False,
    usage: bool = False,
) -> tuple[CompletionJudge, list[str]]:
    """Return the judge of a stream that ends with [DONE], and the faults that it found."""
    judge = CompletionJudge(NONCE, ids or StreamIds(), wants_usage=usage)
    found = [judge.take("message", json.dumps(each, ensure_ascii=ascii_only)) for each in chunks]
    found += [judge.take("message", DONE), judge.finish()]
    return judge, [each.fault for each in found if each is not None]


@pytest.mark.parametrize("ascii_only", [True, False])
@given(texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=8))
def test_every_text_is_read_whole_and_counted_once(ascii_only: bool, texts: list[str]) -> None:
    judge, faults = judged(answer(*texts), ascii_only=ascii_only)
    assert faults == []
    assert judge.text == "".join(texts)
    assert judge.text_events == sum(map(bool, texts))


MANY = answer("one", "two", "three", "four")
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
COUNTED = chunk({}, choices=[], usage=USAGE)


@pytest.mark.parametrize(
    ("chunks", "faults"),
    [
        ([*MANY, chunk({"content": "more"})], [StreamFault.ORDER]),
        ([*MANY, COUNTED, chunk({"content": "more"})], [StreamFault.ORDER] * 2),
        (MANY[1:], [StreamFault.ORDER]),
        (MANY[:-1], [StreamFault.TRUNCATED]),
        ([*MANY[:3], chunk({"content": "x"}, id="other"), *MANY[3:]], [StreamFault.IDENTITY]),
        ([*MANY[:3], chunk({"content": "x"}, object="chunk"), *MANY[3:]], [StreamFault.PAYLOAD]),
        ([*MANY[:3], chunk({"content": 1}), *MANY[3:]], [StreamFault.PAYLOAD]),
        ([*MANY[:3], {"error": {"message": "down"}}], [StreamFault.ERROR_EVENT]),
        ([*MANY[:3], {"error": "down"}], [StreamFault.ERROR_EVENT]),
        ([*MANY[:3], {"ping": 1}, *MANY[3:]], [StreamFault.PAYLOAD]),
        ([*MANY, chunk({}, choices=[], usage={"prompt_tokens": "9"})], [StreamFault.PAYLOAD]),
    ],
)
def test_what_a_stream_must_not_do_is_found(chunks: list[Any], faults: list[StreamFault]) -> None:
    assert judged(chunks)[1] == faults


@pytest.mark.parametrize(
    "chunks",
    [
        [*MANY, COUNTED],
        [chunk({"role": "assistant", "content": text}) for text in "abc"] + [chunk({}, "length")],
        [chunk({"role": "assistant", "content": None}), *MANY[1:]],
        [*MANY[:-1], chunk({"content": "last"}, "stop")],
        [chunk({}, id="", object="", model="", created=0, choices=[]), *MANY],
        [MANY[0], chunk({"reasoning_content": "hm"}), *MANY[1:]],
        [
            chunk(each["choices"][0]["delta"], each["choices"][0]["finish_reason"], usage=None)
            for each in MANY
        ],
        [*MANY[:3], chunk({"content": ""}), *MANY[3:]],
        [{**each, "created": 1_790_000_000 + number} for number, each in enumerate(MANY)],
    ],
)
def test_what_real_servers_do_is_no_fault(chunks: list[Any]) -> None:
    assert judged(chunks)[1] == []


def test_a_second_end_is_a_fault() -> None:
    judge, faults = judged(MANY)
    assert faults == []
    violation = judge.take("message", DONE)
    assert violation is not None
    assert violation.fault is StreamFault.ALTERED


def test_usage_is_kept_and_missed_where_others_have_it() -> None:
    judge, faults = judged([*MANY, COUNTED], usage=True)
    assert faults == []
    assert judge.usage is not None
    assert (judge.usage.prompt_tokens, judge.usage.completion_tokens) == (9, 4)
    assert judged(MANY, usage=True)[1] == [StreamFault.LOST]


def test_an_id_of_another_stream_is_crossed_only_where_ids_are_long_and_differ() -> None:
    ids = StreamIds()
    ids.claim("chatcmpl-fedcba9876543210fedcba98", STRANGER)
    assert judged(MANY, ids=ids)[1] == []
    taken = StreamIds()
    taken.claim(LONG_ID, STRANGER)
    assert judged(MANY, ids=taken)[1] == []  # the only id of this server so far
    taken.claim("chatcmpl-fedcba9876543210fedcba98", STRANGER)
    assert judged(MANY, ids=taken)[1] == [StreamFault.CROSSED]
    short = StreamIds()
    short.claim("chatcmpl-12", STRANGER)
    short.claim("chatcmpl-13", STRANGER)
    assert judged([{**each, "id": "chatcmpl-12"} for each in MANY], ids=short)[1] == []
