"""Discovery of the model of a deployment, by the list that `GET /v1/models` returns."""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.chat_messages.requests import BASE, DEFAULT_MODEL
from streamchat_conformance.dialects.interface import Deployment

_NOT_FOR_CHAT = ("embed", "rerank", "whisper", "tts", "moderation", "dall-e", "image")
"""What stands in the names of models that do not chat."""


def model_list_request(
    deployment: Deployment, path: str, *, default_path: str
) -> HttpRequest | None:
    """Return the request that lists the models; None where the model is known."""
    if deployment.model:
        return None
    plain, _, _ = path.partition("?")
    endpoint = default_path.removeprefix(BASE)
    base = plain.removesuffix(endpoint) if plain.endswith(endpoint) else BASE
    return HttpRequest(
        method="GET", path=f"{base}/models", content_type=None, accept="application/json"
    )


def with_listed_model(deployment: Deployment, body: bytes) -> Deployment:
    """Return the deployment with the first model for chat that a list of models names."""
    value = read_json(body).value
    listed = value.get("data") if isinstance(value, dict) else None
    entries = listed if isinstance(listed, list) else []
    names = [each.get("id") for each in entries if isinstance(each, dict)]
    models = [name for name in names if isinstance(name, str) and name]
    chatting = [name for name in models if not any(word in name for word in _NOT_FOR_CHAT)]
    return replace(deployment, model=next(iter(chatting or models), DEFAULT_MODEL))
