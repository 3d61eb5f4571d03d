"""The Flask application: the dialects' routes, the site, and refusals that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from streamchat_reference.answerers.echo import EchoAnswerer
from streamchat_reference.dialects.anthropic.refusals import (
    REQUEST_ID_FIELD,
    anthropic_refusal,
    request_id,
)
from streamchat_reference.dialects.anthropic.routes import anthropic_routes, is_messages_path
from streamchat_reference.dialects.openai.refusals import openai_refusal
from streamchat_reference.dialects.openai.routes import PREFIX, openai_routes
from streamchat_reference.dialects.refused import RequestRefusedError
from streamchat_reference.dialects.stream_chat.routes import stream_chat_routes
from streamchat_reference.http.connection_control import connection_control
from streamchat_reference.http.request_body import BodyError, read_body
from streamchat_reference.http.stop_signal import StopSignal
from streamchat_reference.site.openapi import (
    COMPLETIONS_PATH,
    STREAM_CHAT_PATH,
    completions_document,
    stream_chat_document,
)
from streamchat_reference.site.page import page_response
from streamchat_reference.streaming.admission import Admission
from streamchat_reference.streaming.streams import Streams, TooManyStreamsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_reference.answerers.interface import Answerer

BODY_LIMIT_BYTES = 8 * 1024 * 1024
MAX_STREAMS = 500
HEARTBEAT_S = 10.0
RETRY_AFTER_S = 1
MODEL = "echo"


def create_app(
    answerer: Answerer | None = None,
    *,
    model: str = MODEL,
    api_key: str | None = None,
    max_streams: int = MAX_STREAMS,
    heartbeat_s: float = HEARTBEAT_S,
    body_limit_bytes: int = BODY_LIMIT_BYTES,
    stop: StopSignal | None = None,
) -> Flask:
    """Make the WSGI application. Without an answerer it echoes, one event a second, without end.

    `model` is the answerer's name for clients that ask for one, and `api_key` what they must
    know, where there is one. `max_streams` are open at once, one more gets 503; while an answerer
    is silent a comment leaves every `heartbeat_s`; a larger body than `body_limit_bytes` gets
    413; `stop` ends all streams when it is set.
    """
    streams = Streams(
        answerer or EchoAnswerer(),
        Admission(max_streams),
        heartbeat_s=heartbeat_s,
        stop=stop or StopSignal(),
    )
    # No static folder: every path that has no route is a 404.
    app = Flask("streamchat_reference", static_folder=None)
    # Whatever the environment says: debug mode would show tracebacks to clients.
    app.debug = False
    app.url_map.merge_slashes = False

    @app.before_request
    def receive() -> Response | None:
        if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and "Host" not in request.headers:
            # RFC 9112, section 3.2: HTTP/1.1 without Host must be answered with 400.
            return _refuse_and_close(400, "Host header is missing")
        try:
            g.body = read_body(request.environ, body_limit_bytes)
        except BodyError as error:
            return _refuse_and_close(error.status, str(error))
        return None

    @app.after_request
    def identify(response: Response) -> Response:
        if is_messages_path(request.path):
            response.headers[REQUEST_ID_FIELD] = request_id()
        return response

    @app.get("/")
    def page() -> Response:
        return page_response()

    @app.get(STREAM_CHAT_PATH)
    def document() -> Response:
        return stream_chat_document()

    @app.get(COMPLETIONS_PATH)
    def document_of_completions() -> Response:
        return completions_document(model)

    app.register_blueprint(stream_chat_routes(streams))
    app.register_blueprint(openai_routes(streams, model, api_key))
    app.register_blueprint(anthropic_routes(streams, model, api_key))
    app.register_error_handler(RequestRefusedError, _refuse_request)
    app.register_error_handler(TooManyStreamsError, _refuse_stream)
    app.register_error_handler(HTTPException, _refuse_http)
    return app


def _refuse_request(error: RequestRefusedError) -> Response:
    return _refusal(error.status, error.members, error.headers)


def _refuse_stream(_: TooManyStreamsError) -> Response:
    members = _members(503, "Too many streams are open, try again soon")
    return _refusal(503, members, {"Retry-After": str(RETRY_AFTER_S)})


def _refuse_http(error: HTTPException) -> Response:
    """Answer 404, 405, 500 and the like in the shape of all other refusals."""
    status = error.code or 500
    kept = [
        (name, value)
        for name, value in error.get_headers(request.environ)
        if name.lower() not in {"content-type", "content-length"}
    ]
    return _refusal(status, _members(status, error.name), dict(kept))


def _refuse_and_close(status: int, text: str) -> Response:
    connection = connection_control(request.environ)
    if connection is not None:
        connection.close_after_response()
    return _refusal(status, _members(status, text))


def _members(status: int, text: str) -> Mapping[str, object]:
    """Return a refusal in the shape of the dialect whose path was asked for."""
    if is_messages_path(request.path):
        return anthropic_refusal(status, text)
    if request.path.startswith(f"{PREFIX}/"):
        return openai_refusal(status, text)
    return {"error": text}


def _refusal(
    status: int, members: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    response = jsonify(members)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response
