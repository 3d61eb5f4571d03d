"""What not every server of Chat Completions offers, and how it shows.

Each is detected by its effect. A server may refuse a feature, which is honest, or accept a request
and do nothing, which `openai.option-ignored` reports. What a model decides, such as whether it
calls a tool, is tried three times.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from streamchat_conformance.catalogue import AUTH, Capability
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.chat_messages.stop_sequences import goes_on, middle_of
from streamchat_conformance.dialects.interface import Detector, Payloads, Survey, SurveyAnswer
from streamchat_conformance.dialects.openai.machine import call_pieces, delta_of
from streamchat_conformance.dialects.openai.requests import TOOL, CompletionRequest

USAGE = Capability("usage", "counts the tokens of a stream when asked to", "no usage came")
TOOLS = Capability("tools", "calls functions in a stream", "no function was called")
TOOLS_PARALLEL = Capability(
    "tools-parallel", "calls several functions in one answer", "no two calls came in one answer"
)
SEVERAL = Capability("n", "gives several choices when asked to", "no second choice came")
LOGPROBS = Capability("logprobs", "gives log probabilities when asked to", "none came")
STOP = Capability("stop", "stops at a given text", "an answer went on behind the stop sequence")
REASONING = Capability("reasoning", "streams its reasoning", "no reasoning came")
DETERMINISTIC = Capability(
    "deterministic", "gives equal answers to equal requests", "two equal requests differ"
)
OBEDIENT = Capability(
    "obedient", "repeats a word when asked to", "a word that was to be repeated did not come back"
)

DETECTION_TRIES = 3
"""How often a model is asked that is required to call a tool."""
TOOL_PROMPT = "What is the weather in Paris, in celsius? Call the function."
CITIES_PROMPT = (
    "What is the weather in Paris, in Rome and in Oslo? Call the function once for each city, in "
    "one answer."
)
STOP_PROMPT = "Repeat this line, and nothing else: A B C D E F G H I J K L M N O P"
SAME = {"temperature": 0, "seed": 7}
"""What makes answers equal, as far as a server can."""
SECRET_WORDS = ("Zanzibar", "Quixote", "Meridian")


def members_of(payloads: Payloads) -> list[dict[str, Any]]:
    """Return the JSON objects of a stream's events."""
    values = [payload.value for _, payload in payloads if payload.error is None]
    return [value for value in values if isinstance(value, dict)]


def choices_of(payloads: Payloads) -> list[dict[str, Any]]:
    """Return the choices of a stream's chunks that are objects."""
    found = [value.get("choices") for value in members_of(payloads)]
    lists = [each for each in found if isinstance(each, list)]
    return [choice for each in lists for choice in each if isinstance(choice, dict)]


def _deltas(payloads: Payloads) -> list[dict[str, Any]]:
    return [delta_of(choice) for choice in choices_of(payloads)]


def _calls(payloads: Payloads) -> list[dict[str, Any]]:
    return [piece for delta in _deltas(payloads) for piece in call_pieces(delta)]


def text_of(payloads: Payloads) -> str:
    """Return the content of a stream."""
    texts = (delta.get("content") for delta in _deltas(payloads))
    return "".join(text for text in texts if isinstance(text, str))


def refusal_of(answer: SurveyAnswer) -> str:
    """Return that a server refuses a request, in a few words; empty where it does not."""
    if not answer.refused:
        return ""
    text = " ".join(answer.body[:120].decode("utf-8", "replace").split())
    return f"the server refuses it with {answer.status}: {text}"


def _shown(
    build: Callable[[CompletionRequest], CompletionRequest],
    shows: Callable[[Payloads], bool],
    capability: Capability,
    *,
    tries: int = 1,
) -> Detector:
    """Return a detector that sends a request, and looks for its effect in the stream."""

    def detect(survey: Survey) -> str:
        request = build(CompletionRequest.of(survey.plain))
        for _ in range(tries):
            answer = survey.ask(HttpRequest.chat(request), label=f"capability {capability}")
            if refusal := refusal_of(answer):
                return refusal
            if shows(answer.payloads):
                return ""
        return capability.absent

    return detect


def with_usage(request: CompletionRequest) -> CompletionRequest:
    """Return the same request, with usage asked for."""
    return request.with_options(stream_options={"include_usage": True})


def without_usage(request: CompletionRequest) -> CompletionRequest:
    """Return the same request, with no usage asked for."""
    options = {name: value for name, value in request.options.items() if name != "stream_options"}
    return replace(request, options=options)


def with_tool(request: CompletionRequest, prompt: str = "") -> CompletionRequest:
    """Return a request that a model answers with a call."""
    said = request.saying(prompt or request.tool_prompt or TOOL_PROMPT)
    asked = with_usage(said).capped(max(256, request.cap or 0))
    return asked.with_options(tools=[TOOL], tool_choice="required")


def with_cities(request: CompletionRequest) -> CompletionRequest:
    """Return a request that a model answers with several calls."""
    return with_tool(request, CITIES_PROMPT).with_options(tool_choice="auto")


def with_two_choices(request: CompletionRequest) -> CompletionRequest:
    """Return the same request, with two choices asked for."""
    return request.with_options(n=2)


def with_logprobs(request: CompletionRequest) -> CompletionRequest:
    """Return the same request, with log probabilities asked for."""
    return request.with_options(logprobs=True, top_logprobs=2)


def _has_usage(payloads: Payloads) -> bool:
    return any(value.get("usage") is not None for value in members_of(payloads))


def _has_two_calls(payloads: Payloads) -> bool:
    ids = {call["id"] for call in _calls(payloads) if isinstance(call.get("id"), str)}
    return len(ids - {""}) > 1


def has_two_choices(payloads: Payloads) -> bool:
    """Return whether choices with two indexes came, or two that share one."""
    choices = choices_of(payloads)
    roles = sum(bool(delta.get("role")) for delta in _deltas(payloads))
    finishes = sum(bool(choice.get("finish_reason")) for choice in choices)
    return len({repr(choice.get("index")) for choice in choices}) > 1 or roles == finishes == 2


def has_logprobs(payloads: Payloads) -> bool:
    """Return whether log probabilities of tokens came."""
    found = [choice.get("logprobs") for choice in choices_of(payloads)]
    return any(isinstance(each, dict) and each.get("content") for each in found)


def _calls_tools(survey: Survey) -> str:
    plain = CompletionRequest.of(survey.plain)
    reason = TOOLS.absent
    for choice in ("required", "auto"):
        request = with_tool(plain).with_options(tool_choice=choice)
        detect = _shown(
            lambda _, request=request: request,  # type: ignore[misc]  # bound at once
            lambda payloads: bool(_calls(payloads)),
            TOOLS,
            tries=DETECTION_TRIES if choice == "required" else 1,
        )
        reason = detect(survey)
        if not reason:
            break
    return reason


def _reasons(survey: Survey) -> str:
    answer = survey.ask(HttpRequest.chat(survey.plain), label="capability reasoning")
    deltas = _deltas(answer.payloads)
    names = ("reasoning_content", "reasoning")
    return "" if any(delta.get(name) for delta in deltas for name in names) else REASONING.absent


def plainly(request: CompletionRequest, **options: Any) -> HttpRequest:
    """Return the request without a stream."""
    members = {**request.members(), **options, "stream": False}
    members.pop("stream_options", None)
    return HttpRequest(body=json.dumps(members).encode())


def messages_of(body: bytes) -> list[dict[str, Any]]:
    """Return the messages of the choices of a completion that was not streamed, by their index."""
    value = read_json(body).value
    found = value.get("choices") if isinstance(value, dict) else None
    choices = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    if all(isinstance(each.get("index"), int) for each in choices):
        choices.sort(key=lambda each: int(each["index"]))
    messages = [each.get("message") for each in choices]
    return [each if isinstance(each, dict) else {} for each in messages]


def message_of(body: bytes) -> dict[str, Any]:
    """Return the message of a completion that was not streamed; empty where there is none."""
    return next(iter(messages_of(body)), {})


def _deterministic(survey: Survey) -> str:
    request = plainly(CompletionRequest.of(survey.plain), **SAME)
    texts = []
    for _ in range(2):
        answer = survey.ask(request, label="capability deterministic")
        if refusal := refusal_of(answer):
            return refusal
        texts.append(message_of(answer.body).get("content"))
    if not isinstance(texts[0], str) or not texts[0]:
        return "no text came without a stream"
    return "" if texts[0] == texts[1] else DETERMINISTIC.absent


def same_text(survey: Survey, request: CompletionRequest, label: str) -> tuple[str, str]:
    """Return (why there is no text, text) of a stream that is as equal as can be each time."""
    asked = request.with_options(**SAME)
    answer = survey.ask(HttpRequest.chat(asked), label=label)
    return refusal_of(answer), text_of(answer.payloads)


def _stops(survey: Survey) -> str:
    request = replace(CompletionRequest.of(survey.plain).saying(STOP_PROMPT), cap=64)
    refusal, text = same_text(survey, request, "capability stop: the whole text")
    sequence = "" if refusal else middle_of(text)
    if not sequence:
        return refusal or "the answer is too short to be stopped"
    refusal, cut = same_text(
        survey, request.with_options(stop=[sequence]), "capability stop: the text that is stopped"
    )
    if refusal:
        return refusal
    return "" if cut != text and not goes_on(cut, text, sequence) else STOP.absent


def _obeys(survey: Survey) -> str:
    plain = CompletionRequest.of(survey.plain)
    for word in SECRET_WORDS:
        request = plain.saying(f"Repeat this word, and nothing else: {word}")
        answer = survey.ask(HttpRequest.chat(request), label="capability obedient")
        others = [other for other in SECRET_WORDS if other != word]
        text = text_of(answer.payloads)
        if word not in text or any(other in text for other in others):
            return OBEDIENT.absent
    return ""


def _needs_credentials(survey: Survey) -> str:
    answer = survey.ask_anonymously(HttpRequest.chat(survey.plain), label="without credentials")
    return "" if answer.status in (401, 403) else "it serves requests without credentials"


CAPABILITIES: Mapping[Capability, Detector | None] = {
    USAGE: _shown(with_usage, _has_usage, USAGE),
    TOOLS: _calls_tools,
    TOOLS_PARALLEL: _shown(with_cities, _has_two_calls, TOOLS_PARALLEL),
    SEVERAL: _shown(with_two_choices, has_two_choices, SEVERAL),
    LOGPROBS: _shown(with_logprobs, has_logprobs, LOGPROBS),
    STOP: _stops,
    REASONING: _reasons,
    DETERMINISTIC: _deterministic,
    OBEDIENT: _obeys,
    AUTH: _needs_credentials,
}
"""Each capability, and how it is detected."""
