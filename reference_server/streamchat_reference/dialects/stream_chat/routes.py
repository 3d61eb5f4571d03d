"""The routes of the article's endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from streamchat_reference.answerers.interface import Question
from streamchat_reference.dialects.stream_chat.events import ChatEvents
from streamchat_reference.dialects.stream_chat.request import read_chat_request

if TYPE_CHECKING:
    from streamchat_reference.streaming.streams import Streams

ENDPOINT_PATH = "/api/stream-chat"


def stream_chat_routes(streams: Streams) -> Blueprint:
    """Return the endpoint, whose answers go out by `streams`."""
    blueprint = Blueprint("stream_chat", __name__)

    @blueprint.post(ENDPOINT_PATH)
    def stream_chat() -> Response:
        asked = read_chat_request(request.mimetype, g.body)
        echo = asked.echo if streams.answerer.echoes_request else ""
        question = Question(asked.prompt, asked.history)
        return streams.stream(lambda: streams.answerer.generate(question), ChatEvents(echo))

    return blueprint
