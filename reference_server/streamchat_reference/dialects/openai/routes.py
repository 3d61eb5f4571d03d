"""The routes of Chat Completions: the endpoint, and the list of models."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, jsonify, request

from streamchat_reference.dialects.keys import knows_key
from streamchat_reference.dialects.openai.choices import Choices
from streamchat_reference.dialects.openai.chunks import CompletionChunks
from streamchat_reference.dialects.openai.completion import WholeCompletion
from streamchat_reference.dialects.openai.refusals import CompletionRefusedError
from streamchat_reference.dialects.openai.request import check_model, read_completion_request

if TYPE_CHECKING:
    from streamchat_reference.streaming.streams import Streams

PREFIX = "/v1"
COMPLETIONS_PATH = "/chat/completions"
MODELS_PATH = "/models"


def openai_routes(streams: Streams, model: str, api_key: str | None) -> Blueprint:
    """Return the endpoint, whose answers go out by `streams`; with a key, for its bearers only."""
    blueprint = Blueprint("openai", __name__, url_prefix=PREFIX)
    listed = {"id": model, "object": "model", "created": int(time.time()), "owned_by": "streamchat"}

    @blueprint.before_request
    def authorize() -> None:
        if api_key is not None and not knows_key(request.headers, api_key):
            raise CompletionRefusedError(
                "an API key is needed, as 'Authorization: Bearer KEY'",
                status=401,
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )

    @blueprint.post(COMPLETIONS_PATH)
    def chat_completions() -> Response:
        asked = read_completion_request(request.mimetype, g.body, model, streams.answerer)

        def answer() -> Choices:
            answers = [streams.answerer.generate(asked.question) for _ in range(asked.choices)]
            return Choices(answers, asked.cap, asked.stops)

        if asked.stream:
            return streams.stream(answer, CompletionChunks(asked, model))
        completion = WholeCompletion(asked, model)
        streams.complete(answer, completion)
        if completion.failure is not None:
            raise CompletionRefusedError(completion.failure, status=500)
        return jsonify(completion.value())

    @blueprint.get(MODELS_PATH)
    def models() -> Response:
        return jsonify({"object": "list", "data": [listed]})

    @blueprint.get(f"{MODELS_PATH}/<path:name>")
    def one_model(name: str) -> Response:
        check_model(name, model)
        return jsonify(listed)

    return blueprint
