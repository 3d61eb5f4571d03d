"""The route of Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, jsonify, request

from streamchat_reference.dialects.anthropic.events import PING, MessageEvents
from streamchat_reference.dialects.anthropic.message import WholeMessage
from streamchat_reference.dialects.anthropic.refusals import MessageRefusedError
from streamchat_reference.dialects.anthropic.request import read_message_request
from streamchat_reference.dialects.keys import knows_key
from streamchat_reference.dialects.parts import ReadAnswer

if TYPE_CHECKING:
    from streamchat_reference.streaming.streams import Streams

MESSAGES_PATH = "/v1/messages"


def anthropic_routes(streams: Streams, model: str, api_key: str | None) -> Blueprint:
    """Return the endpoint, whose answers go out by `streams`; with a key, for those who know it."""
    blueprint = Blueprint("anthropic", __name__)

    @blueprint.before_request
    def authorize() -> None:
        if api_key is not None and not knows_key(request.headers, api_key):
            raise MessageRefusedError(
                "an API key is needed, as 'x-api-key: KEY' or 'Authorization: Bearer KEY'",
                401,
                {"WWW-Authenticate": "Bearer"},
            )

    @blueprint.post(MESSAGES_PATH)
    def messages() -> Response:
        asked = read_message_request(request.mimetype, g.body, streams.answerer)

        def answer() -> ReadAnswer:
            return ReadAnswer(streams.answerer.generate(asked.question), asked.cap, asked.stops)

        if asked.stream:
            return streams.stream(answer, MessageEvents(asked, model), PING)
        message = WholeMessage(asked, model)
        streams.complete(answer, message)
        if message.failure is not None:
            raise MessageRefusedError(message.failure, 500)
        return jsonify(message.value())

    return blueprint


def is_messages_path(path: str) -> bool:
    """Return whether a path is this dialect's, so that its refusals have the dialect's shape."""
    return path == MESSAGES_PATH or path.startswith(f"{MESSAGES_PATH}/")
