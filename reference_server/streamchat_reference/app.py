"""The Flask application: routes, refusals, and the response head of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from streamchat_reference.answerers.echo import EchoAnswerer
from streamchat_reference.chat import event_stream
from streamchat_reference.chat.admission import Admission
from streamchat_reference.chat.request import InvalidChatRequestError, read_chat_request
from streamchat_reference.chat.streaming import ChatStream
from streamchat_reference.http.connection_control import client_socket, connection_control
from streamchat_reference.http.request_body import BodyError, read_body
from streamchat_reference.http.stop_signal import StopSignal
from streamchat_reference.site.openapi import OPENAPI_PATH, openapi_response
from streamchat_reference.site.page import page_response

if TYPE_CHECKING:
    from streamchat_reference.answerers.interface import Answerer

ENDPOINT_PATH = "/api/stream-chat"
BODY_LIMIT_BYTES = 8 * 1024 * 1024
MAX_STREAMS = 500
HEARTBEAT_S = 10.0
RETRY_AFTER_S = 1

STREAM_HEADERS = {
    # Neither kept nor rewritten on the way; the second also for nginx, which buffers by default.
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


def create_app(
    answerer: Answerer | None = None,
    *,
    max_streams: int = MAX_STREAMS,
    heartbeat_s: float = HEARTBEAT_S,
    body_limit_bytes: int = BODY_LIMIT_BYTES,
    stop: StopSignal | None = None,
) -> Flask:
    """Make the WSGI application. Without an answerer it echoes, one event a second, without end.

    `max_streams` are open at once, one more gets 503; while an answerer is silent a comment
    leaves every `heartbeat_s`; a larger body than `body_limit_bytes` gets 413; `stop` ends all
    streams when it is set.
    """
    chosen = answerer or EchoAnswerer()
    stopping = stop or StopSignal()
    admission = Admission(max_streams)
    # No static folder: every path but the three below is a 404.
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

    @app.post(ENDPOINT_PATH)
    def stream_chat() -> Response:
        stream = ChatStream(
            read_chat_request(request.mimetype, g.body),
            chosen,
            client=client_socket(request.environ),
            stop=stopping,
            heartbeat_s=heartbeat_s,
            on_close=admission.leave,
        )
        if not admission.enter():
            response = _refusal(503, "Too many streams are open, try again soon")
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
            return response
        connection = connection_control(request.environ)
        if connection is not None:
            connection.stream_begins()
        return Response(stream, content_type=event_stream.MEDIA_TYPE, headers=STREAM_HEADERS)

    @app.get("/")
    def page() -> Response:
        return page_response()

    @app.get(OPENAPI_PATH)
    def document() -> Response:
        return openapi_response()

    app.register_error_handler(InvalidChatRequestError, _refuse_chat_request)
    app.register_error_handler(HTTPException, _refuse_http)
    return app


def _refuse_chat_request(error: InvalidChatRequestError) -> Response:
    return _refusal(400, error.error, error.detail)


def _refuse_http(error: HTTPException) -> Response:
    """Answer 404, 405, 500 and the like in the shape of all other refusals."""
    response = _refusal(error.code or 500, error.name)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _refuse_and_close(status: int, text: str) -> Response:
    connection = connection_control(request.environ)
    if connection is not None:
        connection.close_after_response()
    return _refusal(status, text)


def _refusal(status: int, text: str, detail: str | None = None) -> Response:
    members = {"error": text} if detail is None else {"error": text, "detail": detail}
    response = jsonify(members)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
