"""The endpoint's OpenAPI document: one static file, for programs that read such things."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from flask import Response

OPENAPI_PATH = "/openapi.json"


def openapi_response() -> Response:
    """Return the document (OpenAPI 3.1, JSON), as it is in the file."""
    return Response(
        _document(),
        content_type="application/json",
        headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
    )


@cache
def _document() -> bytes:
    return files("streamchat_reference.site").joinpath("openapi.json").read_bytes()
