"""Detection of a deployment of this endpoint, and the members of requests to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.dialects.chat_messages.model_list import model_list_request
from streamchat_conformance.dialects.openai.requests import (
    PATH,
    CompletionRequest,
    CompletionRequests,
)

if TYPE_CHECKING:
    from streamchat_conformance.core.http_request import Body, HttpRequest
    from streamchat_conformance.dialects.interface import Deployment, Dialect


def deployed(dialect: Dialect, deployment: Deployment) -> Dialect:
    """Return the dialect with requests for a deployment."""
    return replace(dialect, requests=CompletionRequests(deployment))


def accepted(deployment: Deployment, plain: Body) -> Deployment:
    """Return the deployment with the name of the limit by which it accepts a plain request."""
    request = CompletionRequest.of(plain)
    return deployment if request.cap is None else replace(deployment, cap_name=request.cap_name)


def discovery(deployment: Deployment, path: str) -> HttpRequest | None:
    """Return the request that lists the models; None where the model is known."""
    return model_list_request(deployment, path, default_path=PATH)
