"""Scripted calls of tools follow the question, and their arguments follow the schema."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from streamchat_reference.answerers.echo import PLACEHOLDER, EchoAnswerer
from streamchat_reference.answerers.interface import OfferedTool, Question, RequestedCall
from streamchat_reference.answerers.scripted import ScriptedAnswerer
from streamchat_reference.answerers.tool_calls import names_in, requested_calls

if TYPE_CHECKING:
    from streamchat_reference.lossless_json import PlainJson

WEATHER = OfferedTool(
    "get_weather",
    parameters={
        "type": "object",
        "properties": {
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "city": {"type": "string"},
            "days": {"type": "integer"},
        },
        "required": ["city", "unit"],
    },
)
ASKED = Question("What is the weather in Oslo, in Rome and in Oslo?", tools=(WEATHER,))


def arguments(question: Question) -> list[Any]:
    return [json.loads(call.arguments) for call in requested_calls(question)]


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("Say hello.", []),
        ("Weather in Paris? Then Rome.", ["Paris", "Rome"]),
        ("in Paris, Rome and São-Paulo", ["Paris", "Rome", "São-Paulo"]),
        ("Oslo: Oslo. Oslo! Oslo\nOslo Oslo", ["Oslo"]),
        ("", []),
    ],
)
def test_names_are_capitalised_words_within_a_sentence(prompt: str, names: list[str]) -> None:
    assert names_in(prompt) == names


def test_each_name_is_one_call() -> None:
    assert arguments(ASKED) == [
        {"city": "Oslo", "unit": "celsius"},
        {"city": "Rome", "unit": "celsius"},
    ]


def test_without_parallel_calls_there_is_one() -> None:
    assert len(requested_calls(replace(ASKED, parallel_calls=False))) == 1


def test_a_question_without_names_gets_a_call_only_where_it_has_to() -> None:
    plain = replace(ASKED, prompt="Say hello.")
    assert requested_calls(plain) == []
    assert arguments(replace(plain, must_call=True)) == [{"city": "", "unit": "celsius"}]


def test_results_are_answered_with_text() -> None:
    result: PlainJson = {"role": "tool", "content": "sunny", "tool_call_id": "1"}
    assert requested_calls(replace(ASKED, since=[result])) == []


def test_without_tools_there_are_no_calls() -> None:
    assert requested_calls(replace(ASKED, tools=())) == []


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {
            "type": "object",
            "properties": {
                **{kind: {"type": kind} for kind in ("string", "integer", "number", "boolean")},
                **{kind: {"type": kind} for kind in ("array", "object", "null")},
                "const": {"const": 7},
                "any": {},
            },
            "required": [
                *("string", "integer", "number", "boolean", "array", "object", "null"),
                *("const", "any"),
            ],
        },
    ],
)
def test_arguments_are_valid_by_the_schema(schema: dict[str, Any]) -> None:
    tool = OfferedTool("f", parameters=schema)
    (found,) = arguments(Question("x", tools=(tool,), must_call=True))
    assert isinstance(found, dict)
    Draft202012Validator(schema).validate(found)


@pytest.mark.parametrize("schema", [{"required": 1}, {"properties": 1, "required": ["a"]}])
def test_a_schema_that_is_none_gets_no_arguments(schema: dict[str, Any]) -> None:
    tool = OfferedTool("f", parameters=schema)
    assert arguments(Question("x", tools=(tool,), must_call=True)) == [{}]


def test_a_scripted_answerer_calls_tools_only_where_it_is_asked_to() -> None:
    echo = EchoAnswerer(events=1)
    silent, calling = ScriptedAnswerer(echo), ScriptedAnswerer(echo, call_tools=True)
    assert (silent.calls_tools, calling.calls_tools) == (False, True)
    assert list(silent.generate(ASKED)) == [PLACEHOLDER]
    *words, first, second = calling.generate(ASKED)
    assert words == ["I will", " look."]
    assert all(isinstance(call, RequestedCall) for call in (first, second))
    assert len(list(calling.generate(replace(ASKED, must_call=True)))) == 2
    assert list(calling.generate(Question("Oslo"))) == [PLACEHOLDER]
