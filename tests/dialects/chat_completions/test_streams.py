"""Each fault that was seen in a real server, or that breaks a client, is found under its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from .completions import (
    BASE,
    DONE,
    NAMES,
    USAGE,
    WITH_USAGE,
    Item,
    broken,
    chunk,
    role,
    stop,
    stream,
    text,
    used,
)

AZURE = {
    "id": "",
    "object": "",
    "model": "",
    "created": 0,
    "choices": [],
    "prompt_filter_results": [{"prompt_index": 0}],
}
FILTERED = {
    "id": "",
    "object": "",
    "model": "",
    "created": 0,
    "choices": [{"index": 0, "finish_reason": None, "content_filter_results": {}}],
}


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name not in names}


def unfinished(delta: dict[str, Any]) -> dict[str, Any]:
    """Return a chunk whose choice has no `finish_reason`."""
    return {**NAMES, "choices": [{"index": 0, "delta": delta}]}


FAULTS: dict[str, tuple[str, Sequence[Item]]] = {
    "null between chunks": ("openai.only-chunks", [role(), "null", text(), stop(), DONE]),
    "an empty object": ("openai.only-chunks", [role(), "{}", text(), stop(), DONE]),
    "an array": ("openai.only-chunks", [role(), "[]", text(), stop(), DONE]),
    "a ping object": ("openai.only-chunks", [role(), {"type": "ping"}, text(), stop(), DONE]),
    "an event without data": ("openai.only-chunks", [role(), b"data:\n\n", text(), stop(), DONE]),
    "retry alone": ("openai.no-dataless-block", [b"retry: 3000\n\n", role(), text(), stop(), DONE]),
    "event alone": ("openai.no-dataless-block", [role(), b"event: ping\n\n", text(), stop(), DONE]),
    "a comment after an id": (
        "openai.no-dataless-block",
        [
            b"id: 1\n" + b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
            b'"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"a"},'
            b'"finish_reason":null}]}\n\n',
            b": ping\n\n",
            {**stop(), "created": 1},
            DONE,
        ],
    ),
    "object of a whole completion": (
        "openai.object",
        [{**each, "object": "chat.completion"} for each in (role(), text(), stop())] + [DONE],
    ),
    "no object": ("openai.object", [without(role(), "object"), text(), stop(), DONE]),
    "choices null": ("openai.choices", [role(), {**NAMES, "choices": None}, text(), stop(), DONE]),
    "choices absent": ("openai.choices", [role(), text(), stop(), {**NAMES}, DONE]),
    "choices empty": (
        "openai.choices-empty",
        [{**NAMES, "choices": []}, role(), text(), stop(), DONE],
    ),
    "the filter's first chunk": ("openai.choices-empty", [AZURE, role(), text(), stop(), DONE]),
    "index counts tokens": (
        "openai.choice-index",
        [
            chunk({"role": "assistant", "content": "a"}, index=0),
            chunk({"content": "b"}, index=1),
            chunk({}, "stop", index=2),
            DONE,
        ],
    ),
    "no index": (
        "openai.choice-index",
        [
            role(),
            {**NAMES, "choices": [{"delta": {"content": "a"}, "finish_reason": None}]},
            stop(),
            DONE,
        ],
    ),
    "delta null": (
        "openai.delta",
        [
            role(),
            text(),
            {**NAMES, "choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]},
            DONE,
        ],
    ),
    "content in parts": (
        "openai.delta",
        [role(), text([{"type": "text", "text": "a"}]), stop(), DONE],
    ),
    "an empty reason while it goes on": (
        "openai.finish-not-empty",
        [
            chunk({"role": "assistant", "content": "a"}, ""),
            chunk({"content": "b"}, ""),
            stop(),
            DONE,
        ],
    ),
    "an empty reason to the end": (
        "openai.finish-not-empty",
        [chunk({"role": "assistant", "content": "a"}, ""), chunk({}, ""), DONE],
    ),
    "reason eos": ("openai.finish-enum", [role(), text(), stop("eos"), DONE]),
    "no member for the reason": (
        "openai.finish-member",
        [role(), unfinished({"content": "a"}), stop(), DONE],
    ),
    "role empty": (
        "openai.role-value",
        [chunk({"role": "", "content": "a"}), chunk({"role": "", "content": "b"}), stop(), DONE],
    ),
    "id changes": (
        "openai.id-stable",
        [
            {**each, "id": f"chatcmpl-{number}"}
            for number, each in enumerate((role(), text(), stop()))
        ]
        + [DONE],
    ),
    "id empty": (
        "openai.id-nonempty",
        [{**each, "id": ""} for each in (role(), text(), stop())] + [DONE],
    ),
    "created in milliseconds": (
        "openai.created-seconds",
        [{**each, "created": 1700000000000} for each in (role(), text(), stop())] + [DONE],
    ),
    "created as text": (
        "openai.created-seconds",
        [{**each, "created": "2024-01-01"} for each in (role(), text(), stop())] + [DONE],
    ),
    "created with a fraction": (
        "openai.created-seconds",
        [{**role(), "created": 1700000000.5}, text(), stop(), DONE],
    ),
    "no created": ("openai.created-seconds", [without(role(), "created"), text(), stop(), DONE]),
    "model empty at the end": ("openai.model", [role(), text(), {**stop(), "model": ""}, DONE]),
    "model changes": ("openai.model", [role(), {**text(), "model": "other"}, stop(), DONE]),
    "error null": (
        "openai.no-error-member",
        [{**each, "error": None} for each in (role(), text(), stop())] + [DONE],
    ),
    "no role": ("openai.role-present", [text(), text(), stop(), DONE]),
    "role too late": ("openai.role-present", [text(), role(), text(), stop(), DONE]),
    "role in each chunk": (
        "openai.role-once",
        [chunk({"role": "assistant", "content": each}) for each in "ab"]
        + [chunk({"role": "assistant", "content": ""}, "stop"), DONE],
    ),
    "no reason": ("openai.finish-present", [role(), text(), DONE]),
    "no reason, and no end": ("openai.finish-present", [role(), text(), chunk({}), DONE]),
    "two reasons": ("openai.finish-once", [role(), text(), stop(), stop(), DONE]),
    "text after the reason": (
        "openai.nothing-after-finish",
        [role(), text(), stop(), text(), DONE],
    ),
    "a reason in each chunk": (
        "openai.nothing-after-finish",
        [
            chunk({"role": "assistant", "content": ""}, "stop"),
            chunk({"content": "a"}, "stop"),
            chunk({"content": "b"}, "stop"),
            stop(),
            DONE,
        ],
    ),
    "a reason in each chunk of text": (
        "openai.nothing-after-finish",
        [role(), chunk({"content": "a"}, "length"), chunk({"content": "b"}, "length"), DONE],
    ),
    "a reason with the role": (
        "openai.nothing-after-finish",
        [chunk({"role": "assistant", "content": ""}, "stop"), text(), chunk({}), stop(), DONE],
    ),
    "a refusal after the reason": (
        "openai.nothing-after-finish",
        [role(), text(), stop(), chunk({"refusal": "no"}), DONE],
    ),
    "reasoning after the reason": (
        "openai.nothing-after-finish",
        [role(), text(), stop(), chunk({"reasoning_content": "hm"}), DONE],
    ),
    "null after the reason": (
        "openai.finish-last",
        [role(), text(), stop(), chunk({"content": ""}), DONE],
    ),
    "no sentinel": ("openai.done", [role(), text(), stop()]),
    "a sentinel without brackets": ("openai.done-exact", [role(), text(), stop(), "DONE"]),
    "a sentinel in a list": ("openai.done-exact", [role(), text(), stop(), '["DONE"]']),
    "plain text at the end": ("payload.json", [role(), text(), stop(), "Internal Server Error"]),
    "a null among the choices": (
        "openai.choices",
        [role(), {**text(), "choices": [None]}, stop(), DONE],
    ),
    "a ping with a message": (
        "openai.only-chunks",
        [role(), {"type": "ping", "message": "alive"}, text(), stop(), DONE],
    ),
    "a list of errors": (
        "openai.fault-error-event",
        [role(), text(), {"errors": [{"message": "no"}]}],
    ),
    "null after an error": (
        "openai.only-chunks",
        [role(), text(), {"error": {"message": "no", "type": "server_error"}}, "null"],
    ),
    "a role that is a number": (
        "openai.role-value",
        [chunk({"role": 5, "content": "a"}), stop(), DONE],
    ),
    "a space behind the sentinel": ("openai.done-exact", [role(), text(), stop(), "[DONE] "]),
    "a quoted sentinel": ("openai.done-exact", [role(), text(), stop(), '"[DONE]"']),
    "the sentinel in lower case": ("openai.done-exact", [role(), text(), stop(), "[done]"]),
    "two sentinels": ("openai.done-once", [role(), text(), stop(), DONE, DONE]),
    "a chunk after the sentinel": ("openai.done-once", [role(), text(), stop(), DONE, text()]),
    "usage unasked": ("openai.usage-unasked", [role(), text(), stop(), used(), DONE]),
    "no text at all": ("payload.nonempty", [role(), stop(), DONE]),
    "an error in an event of that name": (
        "openai.fault-error-event",
        [role(), text(), b'event: error\ndata: {"message": "no"}\n\n', DONE],
    ),
    "a flat error": (
        "openai.fault-error-event",
        [role(), text(), {"object": "error", "message": "no", "code": 500}, DONE],
    ),
    "an error without a message": ("openai.fault-message", [role(), text(), {"error": "no"}, DONE]),
    "success after an error": (
        "openai.fault-not-success",
        [role(), text(), {"error": {"message": "no"}}, stop(), DONE],
    ),
    "text after an error": (
        "openai.fault-ends",
        [role(), text(), {"error": {"message": "no"}}, text(), DONE],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_plain_stream_is_found_under_its_id_alone(name: str) -> None:
    row, items = FAULTS[name]
    assert broken(stream(*items)) == {row}


USAGE_FAULTS: dict[str, tuple[set[str], Sequence[Item]]] = {
    "none comes": ({"openai.usage-honoured"}, [role(), text(), stop(), DONE]),
    "null comes": (
        {"openai.usage-honoured"},
        [{**role(), "usage": None}, text(), {**stop(), "usage": None}, DONE],
    ),
    "no total": (
        {"openai.usage-shape"},
        [role(), text(), stop(), used({"prompt_tokens": 1, "completion_tokens": 1}), DONE],
    ),
    "counts as text": (
        {"openai.usage-shape"},
        [role(), text(), stop(), used({**USAGE, "total_tokens": "12"}), DONE],
    ),
    "zeros": (
        {"openai.usage-plausible"},
        [role(), text(), stop(), used(dict.fromkeys(USAGE, 0)), DONE],
    ),
    "a wrong total": (
        {"openai.usage-plausible"},
        [role(), text(), stop(), used({**USAGE, "total_tokens": 99}), DONE],
    ),
    "with the reason": (
        {"openai.usage-chunk"},
        [role(), text(), chunk({}, "stop", usage=USAGE), DONE],
    ),
    "in a chunk that names the choice": (
        {"openai.usage-chunk"},
        [role(), text(), stop(), chunk({}, None, usage=USAGE), DONE],
    ),
    "twice": ({"openai.usage-once"}, [role(), text(), stop(), used(), used(), DONE]),
    "before the reason": ({"openai.usage-after-finish"}, [role(), text(), used(), stop(), DONE]),
    "a chunk after it": (
        {"openai.usage-after-finish", "openai.choices-empty"},
        [role(), text(), stop(), used(), {**NAMES, "choices": []}, DONE],
    ),
    "object of a whole completion": (
        {"openai.object"},
        [role(), text(), stop(), {**used(), "object": "chat.completion"}, DONE],
    ),
    "on each chunk": (
        {"openai.usage-chunk", "openai.usage-once"},
        [{**each, "usage": USAGE} for each in (role(), text(), stop())] + [DONE],
    ),
}


@pytest.mark.parametrize("name", USAGE_FAULTS)
def test_a_fault_of_usage_is_found_under_its_id(name: str) -> None:
    rows, items = USAGE_FAULTS[name]
    assert broken(stream(*items, members=WITH_USAGE)) == rows


def twice(*items: dict[str, Any]) -> list[dict[str, Any]]:
    """Return chunks of two choices in turn."""
    return [
        {**item, "choices": [{**item["choices"][0], "index": index}]}
        for item in items
        for index in (0, 1)
    ]


def test_of_two_choices_each_has_all_that_it_needs() -> None:
    members = {**WITH_USAGE, "stream_options": None, "n": 2}
    whole = twice(role(), text(), stop())
    assert broken(stream(*whole, DONE, members=members)) == set()
    assert broken(stream(*whole[:-1], DONE, members=members)) == {"openai.n-choices"}
    assert broken(stream(whole[0], *whole[2:], DONE, members=members)) == {"openai.n-choices"}
    swapped = [whole[1], whole[0], *whole[2:]]
    assert broken(stream(*swapped, DONE, members=members)) == {"openai.n-order"}


def test_a_body_that_goes_on_is_reported_after_five_seconds() -> None:
    for items, row in (
        ([role(), text(), stop(), DONE], "openai.done-ends"),
        ([role(), text(), stop()], "openai.done"),
        ([role(), text(), {"error": {"message": "no"}}], "openai.fault-ends"),
    ):
        assert broken(stream(*items, whole=False, ended_at_s=6.0)) == {row}
        assert broken(stream(*items, whole=False, ended_at_s=3.0)) == set()


def test_what_is_missing_may_have_stood_in_an_event_that_cannot_be_read() -> None:
    torn = b'data: {"choices": [\n\n'
    assert broken(stream(torn, text(), torn, DONE)) == {"payload.json"}
    assert broken(stream(role(), torn, chunk(None, "stop") | {"object": "x"}, DONE)) == {
        "payload.json",
        "openai.object",
    }


TWO = {**BASE, "n": 2}


def both(reason_of_second: str, *, said: str = "") -> list[Item]:
    """Return a stream of two choices; the second says `said`."""
    first = [role(), text(), stop()]
    second = [
        chunk({"role": "assistant", "content": said}, index=1),
        chunk({}, reason_of_second, index=1),
    ]
    return [*first, *second, DONE]


def test_a_choice_that_thought_in_silence_up_to_its_limit_is_right() -> None:
    assert broken(stream(*both("length"), members=TWO)) == set()


def test_a_choice_that_its_stop_sequence_emptied_is_right() -> None:
    assert broken(stream(*both("stop"), members={**TWO, "stop": ["b"]})) == set()


def test_a_choice_without_text_is_found_whichever_it_is() -> None:
    assert broken(stream(*both("stop"), members=TWO)) == {"openai.n-choices"}
    first_empty = [role(), stop(), *both("stop", said="Hi")[3:]]
    assert broken(stream(*first_empty, members=TWO)) == {"openai.n-choices"}
