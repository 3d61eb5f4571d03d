"""OpenAI's SDK for Python reads every kind of stream of the reference server without loss."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import openai
import pytest

from .conftest import FAULT_PROMPT, MODEL, SLOW_PROMPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
    from openai.types.chat.chat_completion_chunk import ChoiceDelta

    from ..reference.harness import RunningServer

LIMIT_S = 20.0
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
CITIES = "What is the weather in Paris, in Oslo and in Rome?"
UNICODE = "Repeat: 你好 🌍 e\u0301 \u2028 \0 data: [DONE]\n\ndata: [DONE]\n\n"


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=LIMIT_S
    ) as client:
        yield client


class Talk:
    """One question to the client under test, asked in all three ways."""

    def __init__(self, client: openai.OpenAI, prompt: str, **options: Any) -> None:
        self._completions = cast("Any", client.chat.completions)
        messages = [{"role": "user", "content": prompt}]
        self._asked: dict[str, Any] = {"model": MODEL, "messages": messages, **options}

    def whole(self) -> ChatCompletion:
        return cast("ChatCompletion", self._completions.create(**self._asked))

    def chunks(self, **options: Any) -> Iterator[ChatCompletionChunk]:
        with self._completions.create(**self._asked, stream=True, **options) as stream:
            yield from stream

    def helped(self, **options: Any) -> ChatCompletion:
        """Return what the helper has put together from a stream."""
        with self._completions.stream(**self._asked, **options) as stream:
            return cast("ChatCompletion", stream.get_final_completion())

    def text(self, index: int = 0) -> str:
        return "".join(
            choice.delta.content or ""
            for chunk in self.chunks()
            for choice in chunk.choices
            if choice.index == index
        )


def said(completion: ChatCompletion) -> list[Any]:
    """Return what is the same however an answer is read: the ids of calls differ."""
    return [
        (
            choice.index,
            choice.finish_reason,
            choice.message.role,
            choice.message.content or "",
            [
                (call.function.name, call.function.arguments)
                for call in choice.message.tool_calls or ()
                if call.type == "function"
            ],
        )
        for choice in completion.choices
    ]


def reasoning(message: ChoiceDelta | ChatCompletionMessage) -> str:
    """Return the reasoning, which the SDK has as a member that it does not know."""
    return str((message.model_extra or {}).get("reasoning_content", ""))


@pytest.mark.parametrize(
    "prompt",
    ["Say hello.", "", UNICODE, "\N{GRINNING FACE}" * 100],
    ids=["plain", "empty", "unicode", "emoji"],
)
def test_the_text_of_a_stream_is_that_of_the_whole_answer(
    client: openai.OpenAI, prompt: str
) -> None:
    talk = Talk(client, prompt)
    whole = talk.whole()
    text = whole.choices[0].message.content
    assert text
    assert prompt in text
    assert talk.text() == text
    assert said(talk.helped()) == said(whole)


def test_usage_arrives(client: openai.OpenAI) -> None:
    talk = Talk(client, "Say hello.")
    usage = talk.whole().usage
    assert usage is not None
    options = {"stream_options": {"include_usage": True}}
    *chunks, last = talk.chunks(**options)
    assert last.usage == usage
    assert all(chunk.usage is None for chunk in chunks)
    assert talk.helped(**options).usage == usage
    tokens = [
        chunk
        for chunk in chunks
        if chunk.choices[0].delta.content or reasoning(chunk.choices[0].delta)
    ]
    assert usage.completion_tokens == len(tokens)


def test_reasoning_arrives(client: openai.OpenAI) -> None:
    talk = Talk(client, "Say hello.")
    thoughts = [reasoning(choice.delta) for chunk in talk.chunks() for choice in chunk.choices]
    whole = reasoning(talk.whole().choices[0].message)
    assert whole
    assert "".join(thoughts) == whole


def test_a_stop_sequence_ends_the_answer(client: openai.OpenAI) -> None:
    talk = Talk(client, "Say hello.", stop="typewriter")
    whole = talk.whole()
    assert whole.choices[0].finish_reason == "stop"
    assert said(talk.helped()) == said(whole)


def test_a_cap_ends_the_answer_and_is_reported(client: openai.OpenAI) -> None:
    talk = Talk(client, "Say hello.", max_tokens=4)
    whole = talk.whole()
    assert whole.choices[0].finish_reason == "length"
    with pytest.raises(openai.LengthFinishReasonError) as caught:
        talk.helped()
    assert said(caught.value.completion) == said(whole)


def test_each_of_several_choices_arrives(client: openai.OpenAI) -> None:
    talk = Talk(client, "Say hello.", n=3)
    whole = talk.whole()
    assert len(whole.choices) == 3
    assert said(talk.helped()) == said(whole)
    assert [talk.text(index) for index in range(3)] == [
        choice.message.content for choice in whole.choices
    ]


def test_logprobs_arrive(client: openai.OpenAI) -> None:
    talk = Talk(client, UNICODE, logprobs=True, top_logprobs=2)
    for completion in (talk.whole(), talk.helped()):
        (choice,) = completion.choices
        assert choice.logprobs is not None
        tokens = choice.logprobs.content or []
        assert "".join(token.token for token in tokens) == choice.message.content


@pytest.mark.parametrize(
    "choice", ["auto", "required", {"type": "function", "function": {"name": "get_weather"}}]
)
def test_parallel_calls_of_tools_arrive(client: openai.OpenAI, choice: Any) -> None:
    talk = Talk(client, CITIES, tools=[WEATHER], tool_choice=choice)
    whole = talk.whole()
    ((_, reason, _, content, calls),) = said(whole)
    assert (reason, content) == ("tool_calls", "I will look." if choice == "auto" else "")
    assert calls == [
        ("get_weather", json.dumps({"city": city})) for city in ("Paris", "Oslo", "Rome")
    ]
    helped = talk.helped()
    assert said(helped) == said(whole)
    ids = [call.id for call in helped.choices[0].message.tool_calls or ()]
    assert len(set(ids)) == 3


def test_results_of_tools_are_taken(client: openai.OpenAI) -> None:
    talk = Talk(client, CITIES, tools=[WEATHER])
    message = talk.helped().choices[0].message
    messages = [
        {"role": "user", "content": CITIES},
        message.to_dict(),
        *(
            {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
            for call in message.tool_calls or ()
        ),
    ]
    after = Talk(client, CITIES, tools=[WEATHER], messages=messages)
    assert CITIES in after.text()


def test_no_choice_of_tools_gives_text(client: openai.OpenAI) -> None:
    assert CITIES in Talk(client, CITIES, tools=[WEATHER], tool_choice="none").text()


def test_comments_in_a_silence_are_no_events(client: openai.OpenAI) -> None:
    talk = Talk(client, SLOW_PROMPT)
    assert SLOW_PROMPT in talk.text()
    assert said(talk.helped()) == said(talk.whole())


def test_a_failure_in_mid_stream_is_raised_after_the_text_before_it(client: openai.OpenAI) -> None:
    talk = Talk(client, FAULT_PROMPT)
    came: list[str | None] = []
    with pytest.raises(openai.APIError, match="this failure is scripted"):
        came.extend(choice.delta.content for chunk in talk.chunks() for choice in chunk.choices)
    assert len(came) == 6  # the role, the reasoning, and two pieces
    with pytest.raises(openai.APIError, match="this failure is scripted"):
        talk.helped()
    with pytest.raises(openai.InternalServerError, match="this failure is scripted"):
        talk.whole()


@pytest.mark.parametrize(
    ("options", "error", "param"),
    [
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"messages": [{"role": "user", "content": 1}]}, openai.BadRequestError, None),
        ({"n": 0}, openai.BadRequestError, "n"),
        ({"model": "other"}, openai.NotFoundError, "model"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_raised_with_its_message_and_member(
    client: openai.OpenAI,
    options: dict[str, Any],
    error: type[openai.APIStatusError],
    param: str | None,
    *,
    stream: bool,
) -> None:
    talk = Talk(client, "Say hello.", **options)
    with pytest.raises(error) as caught:
        list(talk.chunks()) if stream else talk.whole()
    assert caught.value.type == "invalid_request_error"
    assert param is None or caught.value.param == param
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"]


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).id == MODEL
