"""What real servers do, and nobody is hurt by, breaks nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples

from .completions import (
    DONE,
    NAMES,
    RULES,
    USAGE,
    WITH_TOOL,
    WITH_USAGE,
    Item,
    body_of,
    broken,
    call,
    calling,
    chunk,
    event,
    head_of_call,
    reading_of,
    role,
    stop,
    stream,
    text,
    used,
)
from .test_streams import FILTERED
from .test_tool_calls import ARGUMENTS

WHOLE_CALL = call(id="call_1", type="function", name="f", arguments=ARGUMENTS)
LEGAL: dict[str, tuple[dict[str, object], Sequence[Item]]] = {
    "OpenAI": (
        WITH_USAGE,
        [
            {**role(), "usage": None, "obfuscation": "x", "service_tier": "default"},
            {**text(), "usage": None, "system_fingerprint": None},
            {**stop(), "usage": None},
            used(),
            DONE,
        ],
    ),
    "vLLM, text with the reason": (
        WITH_USAGE,
        [role(), text(), chunk({"content": "!"}, "stop", stop_reason=None), used(), DONE],
    ),
    "llama.cpp, content null": (
        WITH_USAGE,
        [
            chunk({"role": "assistant", "content": None}),
            text(),
            stop(),
            {**used(), "timings": {}},
            DONE,
        ],
    ),
    "DeepSeek, reasoning first": (
        WITH_USAGE,
        [
            chunk({"role": "assistant", "content": None, "reasoning_content": ""}),
            chunk({"content": None, "reasoning_content": "hm"}),
            text(),
            stop(),
            used(),
            DONE,
        ],
    ),
    "reasoning before the role": (
        WITH_USAGE,
        [chunk({"reasoning": "hm"}), role(), text(), stop(), used(), DONE],
    ),
    "reasoning alone, cut": (
        {**WITH_USAGE, "max_tokens": 8},
        [role(), chunk({"reasoning": "hm"}), stop("length"), used(), DONE],
    ),
    "a filter's late results": ({}, [role(), text(), FILTERED, stop(), DONE]),
    "a filter alone": ({}, [role(), stop("content_filter"), DONE]),
    "comments": (
        {},
        [
            b": OPENROUTER PROCESSING\n\n",
            role(),
            b":\n\n",
            text(),
            b": keepalive 1/2\n\n",
            stop(),
            DONE,
        ],
    ),
    "no space after data": (
        {},
        [
            event(each).replace(b"data: ", b"data:") if isinstance(each, dict) else each
            for each in (role(), text(), stop(), DONE)
        ],
    ),
    "tool_calls empty or null": (
        {},
        [
            chunk({"role": "assistant", "content": "", "tool_calls": []}),
            chunk({"content": "a", "tool_calls": None, "refusal": None}),
            stop(),
            DONE,
        ],
    ),
    "logprobs null": (
        {},
        [role(), {**text(), "choices": [{**text()["choices"][0], "logprobs": None}]}, stop(), DONE],
    ),
    "an error in mid-stream, then the sentinel": (
        {},
        [role(), text(), {"error": {"message": "no", "code": 500}}, DONE],
    ),
    "an error in mid-stream, and the end": (
        {},
        [role(), text(), {"error": {"message": "no", "type": "x", "param": None, "code": None}}],
    ),
    "an error with its choice": (
        {},
        [
            role(),
            {
                **text(),
                "error": {"message": "no"},
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
            },
            DONE,
        ],
    ),
    "an error behind a comment": (
        {},
        [b": OPENROUTER PROCESSING\n\n", {"error": {"message": "no", "code": 502}}, DONE],
    ),
    "an empty member for options": ({"stream_options": {}}, [role(), text(), stop(), used(), DONE]),
    "a refusal": ({}, [role(), chunk({"refusal": "No."}), stop(), DONE]),
    "a call in one piece": (
        WITH_TOOL,
        [
            chunk({"role": "assistant", "tool_calls": [WHOLE_CALL]}),
            stop("tool_calls"),
            DONE,
        ],
    ),
    "SGLang, id and name null in later pieces": (
        WITH_TOOL,
        [
            chunk({"role": "assistant", "content": None}),
            calling(head_of_call()),
            calling(call(id=None, name=None, arguments=ARGUMENTS)),
            stop("tool_calls"),
            DONE,
        ],
    ),
    "id and name empty in later pieces": (
        WITH_TOOL,
        [
            chunk({"role": "assistant", "content": None}),
            calling(head_of_call()),
            calling(call(id="", type="function", name="", arguments=ARGUMENTS)),
            stop("tool_calls"),
            DONE,
        ],
    ),
    "two pieces of one call in a chunk": (
        WITH_TOOL,
        [
            chunk({"role": "assistant", "content": None}),
            calling(head_of_call()),
            calling(call(arguments='{"city": '), call(arguments='"Paris"}')),
            stop("tool_calls"),
            DONE,
        ],
    ),
    "text, then two calls": (
        WITH_TOOL,
        [
            role(),
            text(),
            calling(head_of_call()),
            calling(call(arguments=ARGUMENTS)),
            calling(head_of_call(1, "call_2", "f")),
            calling(call(1, arguments=ARGUMENTS)),
            stop("tool_calls"),
            DONE,
        ],
    ),
    "cut within a call": (
        {**WITH_TOOL, "max_tokens": 8},
        [role(), calling(head_of_call()), calling(call(arguments='{"ci')), stop("length"), DONE],
    ),
    "usage on each chunk, asked for": (
        {"stream_options": {"include_usage": True, "continuous_usage_stats": True}},
        [*({**each, "usage": USAGE} for each in (role(), text(), stop())), used(), DONE],
    ),
    "reasoning counted apart": (
        WITH_USAGE,
        [
            role(),
            text(),
            stop(),
            used(
                {
                    "prompt_tokens": 5,
                    "completion_tokens": 3,
                    "total_tokens": 18,
                    "completion_tokens_details": {"reasoning_tokens": 10},
                }
            ),
            DONE,
        ],
    ),
}


@pytest.mark.parametrize("name", LEGAL)
def test_what_a_real_server_does_breaks_nothing(name: str) -> None:
    members, items = LEGAL[name]
    base = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    assert broken(stream(*items, members={**base, **members})) == set()


def test_lines_may_end_with_cr_and_lf() -> None:
    body = body_of(role(), text(), stop(), DONE).replace(b"\n", b"\r\n")
    assert broken(reading_of(body)) <= {"sse.line-endings"}


def test_a_stream_that_was_left_says_nothing_of_its_end() -> None:
    for items in ([role()], [role(), text()], [role(), text(), stop()]):
        assert broken(stream(*items, whole=False)) == set()


BODY = body_of(
    *(role(), text("é"), calling(head_of_call()), {**NAMES, "choices": None}, stop(), used()),
    "[DONE] ",
)


@settings(deadline=None)
@given(st.lists(st.integers(1, len(BODY) - 1), max_size=12, unique=True))
def test_any_cut_of_the_bytes_gives_the_same_verdicts(cuts: list[int]) -> None:
    own = [id_ for id_ in RULES.judges if id_.startswith("openai.")]

    def verdicts(places: list[int]) -> dict[str, list[str]]:
        reading = reading_of(BODY, cuts=places)
        return {
            id_: [each.message for each in found] for id_, found in RULES.judge_all(reading, own)
        }

    assert verdicts(cuts) == verdicts([])


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**12)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "object",
                    "created",
                    "model",
                    "choices",
                    "index",
                    "delta",
                    "role",
                    "content",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "type",
                    "finish_reason",
                    "usage",
                    "error",
                    "message",
                    "logprobs",
                    "prompt_tokens",
                    "reasoning",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=examples(200))
@given(st.lists(junk | st.just({**NAMES}), max_size=6), st.integers(1, 3))
def test_no_events_make_a_judge_raise(values: list[object], n: int) -> None:
    items: list[Item] = [json.dumps(value) for value in values]
    base = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True, "n": n}
    broken(stream(*items, DONE, members=base))
