"""Refusals of Messages that are about the account, the model or a limit, and those that are not."""

import json
from typing import Any

import pytest
from streamchat_conformance.dialects.registry import dialect_named

from .messages import BASE

ANTHROPIC = dialect_named("anthropic")


def in_the_way(status: int, type_: str, message: str, **members: Any) -> str:
    """Return what an error of this service says is in the way of a request."""
    error = {"type": "error", "error": {"type": type_, "message": message}}
    assert ANTHROPIC.barred is not None
    sent = json.dumps({**BASE, **members}).encode()
    return ANTHROPIC.barred(status, json.dumps(error).encode(), sent)


@pytest.mark.parametrize(
    ("status", "type_", "message", "what"),
    [
        (401, "authentication_error", "invalid x-api-key", "the credentials"),
        (402, "billing_error", "payment is due", "the account"),
        (403, "permission_error", "no access to this resource", "the credentials"),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            "the account",
        ),
        (404, "not_found_error", "model: claude-0", "the model"),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 208310 tokens > 200000 maximum",
            "the size that the model takes",
        ),
        (
            400,
            "invalid_request_error",
            "request (20012 tokens) exceeds the available context size (2048 tokens)",
            "the size that the model takes",
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            "a filter of texts",
        ),
    ],
)
def test_a_refusal_that_is_not_about_the_request_says_what_is_in_the_way(
    status: int, type_: str, message: str, what: str
) -> None:
    assert in_the_way(status, type_, message) == what


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens: Field required",
        "messages: at least one message is required",
        "messages.0.content.0.type: Field required",
        "max_tokens: 4096 > 1024, which is the maximum allowed number of output tokens",
    ],
)
def test_a_refusal_for_what_a_request_says_is_about_the_request(message: str) -> None:
    assert in_the_way(400, "invalid_request_error", message) == ""


def test_a_model_that_no_request_names_is_in_the_way_of_none() -> None:
    assert in_the_way(404, "not_found_error", "model: None", model=None) == ""
    assert in_the_way(404, "not_found_error", "Not Found") == ""
