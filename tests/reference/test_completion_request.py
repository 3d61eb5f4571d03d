"""Which requests for a chat completion are accepted, and what the others are refused with."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_reference.answerers.interface import OfferedTool, Question
from streamchat_reference.dialects.openai.refusals import CompletionRefusedError
from streamchat_reference.dialects.openai.request import (
    DEFAULT_CAP,
    AskedCompletion,
    read_completion_request,
)

if TYPE_CHECKING:
    from streamchat_reference.answerers.interface import Pieces

USER = {"role": "user", "content": "Hello"}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f"}}
NAMED = {"type": "function", "function": {"name": "f"}}


class Certain:
    """An answerer that can do everything."""

    blocking: ClassVar[bool] = False
    echoes_request: ClassVar[bool] = False
    certain: bool = True
    calls_tools: bool = True

    def generate(self, question: Question) -> Pieces:
        raise NotImplementedError


class Uncertain(Certain):
    """An answerer without logprobs and tools."""

    certain = calls_tools = False


def read(answerer: Certain | None = None, **members: Any) -> AskedCompletion:
    body = json.dumps({"model": "m", "messages": [USER], **members}).encode()
    return read_completion_request("application/json", body, "m", answerer or Certain())


def refused(answerer: Certain | None = None, **members: Any) -> CompletionRefusedError:
    with pytest.raises(CompletionRefusedError) as caught:
        read(answerer, **members)
    return caught.value


def test_model_and_messages_are_enough() -> None:
    asked = read()
    assert asked.question.prompt == "Hello"
    assert (asked.stream, asked.choices, asked.cap, asked.stops) == (False, 1, DEFAULT_CAP, ())


def test_absent_and_null_are_the_same() -> None:
    names = ("stream", "n", "stop", "max_tokens", "max_completion_tokens", "logprobs", "tools")
    others = ("stream_options", "temperature", "seed", "tool_choice", "response_format")
    assert read(**dict.fromkeys((*names, *others))) == read()


def test_unknown_members_are_ignored() -> None:
    assert read(unknown=1, metadata={"a": "b"}, store=True) == read()


def test_the_newer_name_of_the_cap_wins() -> None:
    assert read(max_tokens=3).cap == 3
    assert read(max_completion_tokens=4).cap == 4
    assert read(max_tokens=3, max_completion_tokens=4).cap == 4


def test_integers_may_be_written_with_a_decimal_point() -> None:
    assert read(n=2.0).choices == 2


def test_a_stop_is_a_string_or_up_to_four() -> None:
    assert read(stop="a").stops == ("a",)
    assert read(stop=["a", "b", "c", "d"]).stops == ("a", "b", "c", "d")
    assert read(stop=[]).stops == ()


def test_what_a_model_samples_by_is_passed_on() -> None:
    options: dict[str, Any] = {"temperature": 0.5, "top_p": 1, "seed": 7, "presence_penalty": -2}
    assert read(stream=True, **options).question.options == options
    assert read(stream=True, max_tokens=5).question.options == {"max_tokens": 5}


@pytest.mark.parametrize(
    "members", [{}, {"stream": True, "stream_options": {"include_usage": True}}]
)
def test_a_model_is_asked_for_its_usage_where_it_is_needed(members: dict[str, Any]) -> None:
    assert read(**members).question.options == {"stream_options": {"include_usage": True}}


def test_without_a_cap_a_model_ends_by_itself() -> None:
    assert read(Uncertain()).cap is None


def test_the_question_is_the_users_last_message() -> None:
    system = {"role": "system", "content": [{"type": "text", "text": "Be "}] * 2}
    calling = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "content": "sunny", "tool_call_id": "1", "more": 1}
    silent = {"role": "assistant"}
    question = read(messages=[system, USER, silent, USER, calling, result]).question
    assert question.prompt == "Hello"
    assert question.history == [
        {"role": "system", "content": "Be Be "},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": None},
    ]
    assert question.since == [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "sunny", "tool_call_id": "1"},
    ]


def test_a_talk_without_a_user_has_an_empty_prompt() -> None:
    question = read(messages=[{"role": "developer", "content": "Begin."}]).question
    assert question.prompt == ""
    assert question.history == [{"role": "developer", "content": "Begin."}]


def test_tokens_of_a_prompt_are_its_words_and_its_messages() -> None:
    assert read(messages=[{"role": "system", "content": "a b  c"}, USER]).prompt_tokens == 6


@pytest.mark.parametrize(
    ("choice", "tools", "must_call"),
    [
        (None, ("f", "g"), False),
        ("auto", ("f", "g"), False),
        ("none", (), False),
        ("required", ("f", "g"), True),
        (NAMED, ("f",), True),
    ],
)
def test_a_tool_choice_says_which_tools_may_be_called(
    choice: Any, tools: tuple[str, ...], *, must_call: bool
) -> None:
    other = {"type": "function", "function": {"name": "g", "parameters": {"a": 1}}}
    question = read(tools=[TOOL, other], tool_choice=choice).question
    assert tuple(tool.name for tool in question.tools) == tools
    assert question.must_call is must_call


def test_a_tool_has_a_description_and_a_schema() -> None:
    function = {"name": "f", "description": "Does.", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": {**function, "strict": True}}]
    question = read(tools=tools, parallel_tool_calls=False).question
    assert question.tools == (OfferedTool("f", "Does.", {"type": "object"}),)
    assert not question.parallel_calls


TALK = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Weather in Oslo?"}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "content": "sunny", "tool_call_id": "1"},
]
ACCEPTED: dict[str, dict[str, Any]] = {
    "nothing more": {},
    "usage": {"stream": True, "stream_options": {"include_usage": True}},
    "null options": dict.fromkeys(("n", "stop", "max_tokens", "logprobs", "tools", "tool_choice")),
    "choices": {"n": 2},
    "caps": {"max_tokens": 3, "max_completion_tokens": 2},
    "stops": {"stop": ["a", "b"]},
    "logprobs": {"logprobs": True, "top_logprobs": 2},
    "tools": {"tools": [TOOL], "tool_choice": "required"},
    "a named tool": {"tools": [TOOL], "tool_choice": NAMED, "parallel_tool_calls": False},
    "a history of tools": {"messages": TALK, "tools": [TOOL]},
    "a refusal": {
        "messages": [
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            USER,
        ]
    },
    "sampling": {"temperature": 0, "top_p": 1, "seed": 1, "frequency_penalty": 2},
    "text": {"response_format": {"type": "text"}, "modalities": ["text"]},
    "unknown members": {"metadata": {"a": "b"}, "x": 1},
}


@pytest.mark.parametrize("members", ACCEPTED.values(), ids=ACCEPTED)
def test_valid_requests_are_accepted(members: dict[str, Any]) -> None:
    read(**members)


REFUSED: list[tuple[str, dict[str, Any], str | None]] = [
    ("messages absent", {"messages": None}, "messages"),
    ("messages a string", {"messages": "x"}, "messages"),
    ("messages an object", {"messages": {}}, "messages"),
    ("no messages", {"messages": []}, "messages"),
    ("a message a string", {"messages": [USER, "x"]}, "messages[1]"),
    ("a message null", {"messages": [None]}, "messages[0]"),
    ("no role", {"messages": [{"content": "x"}]}, "messages[0].role"),
    ("unknown role", {"messages": [{"role": "x", "content": "x"}]}, "messages[0].role"),
    ("role a list", {"messages": [{"role": [], "content": "x"}]}, "messages[0].role"),
    ("no content", {"messages": [{"role": "user"}]}, "messages[0].content"),
    ("null content", {"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    ("content 1", {"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    ("content true", {"messages": [{"role": "user", "content": True}]}, "messages[0].content"),
    ("content {}", {"messages": [{"role": "user", "content": {}}]}, "messages[0].content"),
    ("no parts", {"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
    ("a part 1", {"messages": [{"role": "user", "content": [1]}]}, "messages[0].content[0]"),
    (
        "a part without text",
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        "messages[0].content[0]",
    ),
    (
        "a picture",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        "messages[0].content[0]",
    ),
    (
        "a result without its call",
        {"messages": [{"role": "tool", "content": "x"}]},
        "messages[0].tool_call_id",
    ),
    (
        "calls 1",
        {"messages": [{"role": "assistant", "tool_calls": 1}]},
        "messages[0].tool_calls",
    ),
    (
        "a call without id",
        {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "id": None}]}]},
        "messages[0].tool_calls[0]",
    ),
    ("model absent", {"model": None}, "model"),
    ("model 1", {"model": 1}, "model"),
    ("stream 1", {"stream": 1}, "stream"),
    ("n 0", {"n": 0}, "n"),
    ("n 129", {"n": 129}, "n"),
    ("n true", {"n": True}, "n"),
    ("n 1.5", {"n": 1.5}, "n"),
    ("n a string", {"n": "2"}, "n"),
    ("cap 0", {"max_tokens": 0}, "max_tokens"),
    ("newer cap -1", {"max_completion_tokens": -1}, "max_completion_tokens"),
    ("infinite cap", {"max_tokens": 1e308 * 10}, None),
    ("stop 1", {"stop": 1}, "stop"),
    ("stop empty", {"stop": ""}, "stop"),
    ("five stops", {"stop": ["a"] * 5}, "stop"),
    ("stop a number within", {"stop": ["a", 1]}, "stop"),
    ("temperature 3", {"temperature": 3}, "temperature"),
    ("temperature a string", {"temperature": "1"}, "temperature"),
    ("top_p -1", {"top_p": -1}, "top_p"),
    ("top_logprobs alone", {"top_logprobs": 1}, "top_logprobs"),
    ("top_logprobs 21", {"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ("logprobs 1", {"logprobs": 1}, "logprobs"),
    ("stream_options 1", {"stream": True, "stream_options": 1}, "stream_options"),
    ("stream_options alone", {"stream_options": {}}, "stream_options"),
    ("usage 1", {"stream": True, "stream_options": {"include_usage": 1}}, "include_usage"),
    ("json answers", {"response_format": {"type": "json_object"}}, "response_format"),
    ("unknown format", {"response_format": {"type": "x"}}, "response_format"),
    ("audio", {"modalities": ["text", "audio"]}, "modalities"),
    ("functions", {"functions": []}, "functions"),
    ("tools {}", {"tools": {}}, "tools"),
    ("too many tools", {"tools": [TOOL] * 129}, "tools"),
    ("a tool twice", {"tools": [TOOL, TOOL]}, "tools"),
    ("a tool 1", {"tools": [1]}, "tools[0]"),
    ("a custom tool", {"tools": [{"type": "custom"}]}, "tools[0]"),
    (
        "a tool with a space",
        {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        "tools[0].function.name",
    ),
    (
        "parameters 1",
        {"tools": [{"type": "function", "function": {"name": "a", "parameters": 1}}]},
        "tools[0].function.parameters",
    ),
    ("required without tools", {"tool_choice": "required"}, "tool_choice"),
    ("named without tools", {"tool_choice": NAMED}, "tool_choice"),
    ("unknown choice", {"tools": [TOOL], "tool_choice": "x"}, "tool_choice"),
    (
        "a tool that is not offered",
        {
            "tools": [{"type": "function", "function": {"name": "g"}}],
            "tool_choice": NAMED,
        },
        "tool_choice",
    ),
    ("parallel 1", {"parallel_tool_calls": 1}, "parallel_tool_calls"),
]


@pytest.mark.parametrize(
    ("members", "param"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_fault_is_refused_and_the_member_is_named(
    members: dict[str, Any], param: str | None
) -> None:
    error = refused(**members)
    assert (error.status, error.param) == (400, param)
    assert error.message


def test_an_unknown_model_is_not_found() -> None:
    error = refused(model="other")
    assert (error.status, error.param) == (404, "model")
    assert error.members["error"]["code"] == "model_not_found"  # type: ignore[index]  # an object


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"logprobs": True}, "logprobs"),
        ({"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
    ],
)
def test_what_an_answerer_cannot_do_is_refused(members: dict[str, Any], param: str) -> None:
    assert refused(Uncertain(), **members).param == param
    read(Certain(), **members)


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_another_media_type_is_refused(media_type: str) -> None:
    with pytest.raises(CompletionRefusedError):
        read_completion_request(media_type, b"{}", "m", Certain())


@given(st.binary(max_size=200))
def test_no_body_whatever_is_answered_in_another_way(body: bytes) -> None:
    with suppress(CompletionRefusedError):
        read_completion_request("application/json", body, "m", Certain())


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "function", "name", "id"]),
            values,
            max_size=4,
        )
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["messages", "stream", "n", "stop", "max_tokens", "tools", "tool_choice", "stream_options"]
)


@given(st.dictionaries(NAMES, JSON_VALUES, max_size=4))
def test_no_value_of_a_member_is_answered_in_another_way(members: dict[str, Any]) -> None:
    with suppress(CompletionRefusedError):
        read(**members)
