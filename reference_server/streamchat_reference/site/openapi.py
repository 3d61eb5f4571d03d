"""The OpenAPI documents, one for each dialect: static files, for programs that read such things."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from flask import Response

STREAM_CHAT_PATH = "/openapi.json"
COMPLETIONS_PATH = "/v1/openapi.json"


def stream_chat_document() -> Response:
    """Return the document of the article's endpoint, as it is in the file."""
    return _response(_read("openapi.json"))


def completions_document(model: str) -> Response:
    """Return the document of Chat Completions, in which the server's only model is named."""
    document = json.loads(_read("openapi_completions.json"))
    document["components"]["schemas"]["CompletionRequest"]["properties"]["model"]["enum"] = [model]
    return _response(json.dumps(document, indent=2).encode("ascii"))


def _response(document: bytes) -> Response:
    return Response(
        document,
        content_type="application/json",
        headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
    )


@cache
def _read(name: str) -> bytes:
    return files("streamchat_reference.site").joinpath(name).read_bytes()
