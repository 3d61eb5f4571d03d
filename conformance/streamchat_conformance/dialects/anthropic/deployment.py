"""Detection of a deployment of this endpoint, and the members of requests to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.anthropic.requests import (
    BASE,
    DEFAULT_MODEL,
    PATH,
    MessageRequests,
)
from streamchat_conformance.dialects.interface import Deployment

if TYPE_CHECKING:
    from streamchat_conformance.dialects.interface import Dialect

_ENDPOINT = PATH.removeprefix(BASE)


def deployed(dialect: Dialect, deployment: Deployment) -> Dialect:
    """Return the dialect with requests for a deployment."""
    return replace(dialect, requests=MessageRequests(deployment))


def discovery(deployment: Deployment, path: str) -> HttpRequest | None:
    """Return the request that lists the models; None where the model is known."""
    if deployment.model:
        return None
    plain, _, _ = path.partition("?")
    base = plain.removesuffix(_ENDPOINT) if plain.endswith(_ENDPOINT) else BASE
    return HttpRequest(
        method="GET", path=f"{base}/models", content_type=None, accept="application/json"
    )


def discovered(deployment: Deployment, body: bytes) -> Deployment:
    """Return the deployment with the first model that a list of models names."""
    value = read_json(body).value
    listed = value.get("data") if isinstance(value, dict) else None
    entries = listed if isinstance(listed, list) else []
    names = [each.get("id") for each in entries if isinstance(each, dict)]
    models = [name for name in names if isinstance(name, str) and name]
    return replace(deployment, model=next(iter(models), DEFAULT_MODEL))
