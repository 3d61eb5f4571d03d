"""Refusals that are about the account, the model or a limit say nothing about a request."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.scenarios.keepalive import mismatch
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger

from .completions import BASE, RULES, broken, reading_of, request_of

OPENAI = dialect_named("openai")

VALID = {**BASE, "messages": [{"role": "user", "content": "Say hello."}]}
INVALID = {**BASE, "messages": "Hello"}

IN_THE_WAY: dict[str, tuple[int, Any]] = {
    "no key": (401, {"error": {"message": "Incorrect API key provided", "code": None}}),
    "OpenRouter, no money": (402, {"error": {"message": "Insufficient credits", "code": 402}}),
    "a key for other things": (403, {"error": {"message": "You have insufficient permissions"}}),
    "OpenAI, no such model": (
        404,
        {"error": {"message": "The model `m` does not exist.", "code": "model_not_found"}},
    ),
    "vLLM, no such model": (
        404,
        {"object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError"},
    ),
    "Ollama, no such model": (
        404,
        {"error": {"message": 'model "m" not found, try pulling it first', "type": "api_error"}},
    ),
    "Azure, no such deployment": (
        404,
        {
            "error": {
                "code": "DeploymentNotFound",
                "message": "The API deployment for this resource does not exist.",
            }
        },
    ),
    "LiteLLM, no such model": (
        400,
        {"error": {"message": "Invalid model name passed in model=m", "param": None}},
    ),
    "OpenRouter, no such model": (400, {"error": {"message": "m is not a valid model ID"}}),
    "LM Studio, nothing loaded": (400, {"error": "No models loaded. Please load one."}),
    "OpenAI, no quota": (
        429,
        {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}},
    ),
    "LiteLLM, no budget": (
        400,
        {"error": {"message": "Budget has been exceeded!", "type": "budget_exceeded"}},
    ),
    "Azure, a filter of texts": (
        400,
        {"error": {"message": "The response was filtered", "code": "content_filter"}},
    ),
    "OpenAI, too long": (
        400,
        {"error": {"message": "Too many.", "code": "context_length_exceeded"}},
    ),
    "llama.cpp, too long": (
        400,
        {"error": {"code": 400, "message": "No.", "type": "exceed_context_size_error"}},
    ),
    "vLLM, too long": (
        400,
        {"error": {"message": "This model's maximum context length is 8 tokens.", "code": 400}},
    ),
}
OF_THE_REQUEST: dict[str, tuple[int, Any]] = {
    "a path": (404, {"detail": "Not Found"}),
    "a member": (
        400,
        {
            "error": {
                "message": "Unsupported value: 'stream' does not support true with this model.",
                "param": "stream",
                "code": "unsupported_value",
            }
        },
    ),
    "a feature": (400, {"error": {"message": "This model does not support system messages."}}),
    "no reason": (400, {"error": {"message": "Bad request"}}),
    "text alone": (400, "Bad request"),
}


def judged(status: int, value: Any, members: Any, *, authorized: bool = False) -> dict[str, bool]:
    """Return whether a refusal breaks each of the requirements that it decides."""
    body = json.dumps(value).encode()
    reading = reading_of(body, members, status=status, media_type="application/json")
    verdicts = RULES.judge_all(replace(reading, authorized=authorized))
    areas = ("openai.", "request.", "error.")
    return {id_: bool(findings) for id_, findings in verdicts if id_.startswith(areas)}


@pytest.mark.parametrize("name", IN_THE_WAY)
@pytest.mark.parametrize("members", [VALID, INVALID], ids=["valid", "invalid"])
def test_a_refusal_that_is_not_about_the_request_breaks_no_requirement(
    name: str, members: Any
) -> None:
    status, value = IN_THE_WAY[name]
    assert not any(judged(status, value, members).values())


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_a_refusal_that_is_not_about_the_request_shows_nothing_of_requests(name: str) -> None:
    status, value = IN_THE_WAY[name]
    assert "openai.request-minimal" not in judged(status, value, VALID)
    assert "openai.messages-missing" not in judged(status, value, INVALID)


NOT_A_MODEL = (
    (400, {"error": {"message": "you must provide a model parameter", "param": "model"}}),
    (400, {"error": {"message": "Invalid model name passed in model=5", "param": None}}),
    (404, {"error": {"message": "The model `5` does not exist.", "code": "model_not_found"}}),
)


@pytest.mark.parametrize(("status", "value"), NOT_A_MODEL)
@pytest.mark.parametrize("model", [..., None, 5, True, {}, ["m"], "", " "])
def test_a_refusal_for_the_model_is_one_of_a_request_that_names_none(
    status: int, value: Any, model: Any
) -> None:
    named = {} if model is ... else {"model": model}
    members = {"messages": "Hello", "stream": True, **named}
    verdicts = judged(status, value, members)
    assert verdicts["openai.messages-missing"] is False
    assert verdicts["openai.error-envelope"] is False


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"model": NaN}'])
def test_a_refusal_for_the_model_is_one_of_a_body_that_is_no_request(body: bytes) -> None:
    status, value = NOT_A_MODEL[0]
    verdicts = judged(status, value, body)
    assert verdicts["openai.error-envelope"] is False


@pytest.mark.parametrize("name", OF_THE_REQUEST)
def test_a_refusal_of_a_plain_request_is_one_of_the_request(name: str) -> None:
    status, value = OF_THE_REQUEST[name]
    assert judged(status, value, VALID)["openai.request-minimal"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_client_whose_plain_requests_are_served_is_refused_for_what_it_asks(status: int) -> None:
    value = {"error": {"message": "no"}}
    assert judged(status, value, VALID, authorized=True)["openai.request-minimal"]
    assert judged(status, value, INVALID, authorized=True)["openai.error-status-400"]


def test_an_answer_that_a_filter_kept_back_is_no_answer_to_another_request() -> None:
    status, value = IN_THE_WAY["Azure, a filter of texts"]
    body = json.dumps(value).encode()
    reading = reading_of(body, VALID, status=status, media_type="application/json")
    endpoint = Endpoint.from_url("http://127.0.0.1:1", path=OPENAI.path)
    target = Target(Settings(dialect=OPENAI), endpoint, Ledger(rules=RULES))
    target.baseline = Baseline(OPENAI.requests.plain[0], accepted=True, streams=True)
    assert mismatch(target, reading) == ""


def test_a_request_that_is_never_answered_is_one_fault() -> None:
    exchange = Exchange(
        request=request_of(INVALID), reads=(), ending=Ending.TIMED_OUT, ended_at_s=9.0
    )
    reading = Reading(exchange, dialect=OPENAI)
    assert broken(reading) == {"request.never-5xx"}
