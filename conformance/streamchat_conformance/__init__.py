"""Conformance suite for streaming chat over HTTP: judges any `POST /api/stream-chat` server."""

__version__ = "0.1.0"
