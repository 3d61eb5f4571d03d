"""The application alone, as any WSGI server would call it."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from streamchat_reference import create_app
from streamchat_reference.answerers.echo import EchoAnswerer
from werkzeug.test import EnvironBuilder, run_wsgi_app

from .harness import VALID, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PATH = "/api/stream-chat"
LIMIT_BYTES = 10_000


@pytest.fixture
def client() -> FlaskClient:
    echo = EchoAnswerer(events=2, interval_s=0)
    return create_app(echo, max_streams=2, body_limit_bytes=LIMIT_BYTES).test_client()


def post(client: FlaskClient, body: object = VALID) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(PATH, data=data, content_type="application/json")


def test_a_valid_request_gets_an_event_stream(client: FlaskClient) -> None:
    response = post(client)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-cache, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert [event["prompt"] for event in events(response.data)] == ["Hello", "Hello"]


def test_the_application_leaves_the_connection_field_to_its_server(client: FlaskClient) -> None:
    # PEP 3333 forbids it; some servers fail, others send it twice.
    for response in (post(client), post(client, b"{")):
        assert "Connection" not in response.headers


def test_the_first_block_is_a_comment_so_that_the_head_leaves_early(client: FlaskClient) -> None:
    assert next(post(client).iter_encoded()).startswith(b":")


def test_every_block_is_one_write(client: FlaskClient) -> None:
    assert all(block.endswith(b"\n\n") for block in post(client).iter_encoded())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b"[" * 5000, b'{"prompt":' + b"9" * 6000 + b"}"]
)
def test_every_refusal_is_json_of_one_shape(client: FlaskClient, body: bytes) -> None:
    response = post(client, body)
    assert response.status_code == 400
    assert response.mimetype == "application/json"
    assert response.json
    assert isinstance(response.json["error"], str)
    assert len(response.data) < 500


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_refused_with_the_allowed_one(client: FlaskClient, method: str) -> None:
    response = client.open(PATH, method=method)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.json == {"error": "Method Not Allowed"}


@pytest.mark.parametrize(
    "path", ["/api/stream-chats", PATH + "/", "//api/stream-chat", "/static/x"]
)
def test_another_path_is_not_found(client: FlaskClient, path: str) -> None:
    response = client.post(path, json=VALID)
    assert response.status_code == 404
    assert response.json == {"error": "Not Found"}


def test_head_and_options_are_answered_without_a_stream(client: FlaskClient) -> None:
    assert client.head(PATH).status_code == 405
    assert client.options(PATH).status_code == 200
    assert "POST" in client.options(PATH).headers["Allow"]


def test_a_body_beyond_the_limit_gets_413(client: FlaskClient) -> None:
    response = post(client, {"prompt": "x" * LIMIT_BYTES, "history": []})
    assert response.status_code == 413
    assert response.json == {"error": f"Request body must be at most {LIMIT_BYTES} bytes"}


@pytest.mark.parametrize(("protocol", "status"), [("HTTP/1.1", "400"), ("HTTP/1.0", "200")])
def test_only_http11_needs_a_host(client: FlaskClient, protocol: str, status: str) -> None:
    environ = EnvironBuilder(PATH, method="POST", json=VALID).get_environ()
    del environ["HTTP_HOST"]
    environ["SERVER_PROTOCOL"] = protocol
    parts, received, _ = run_wsgi_app(client.application, environ)
    assert received[:3] == status
    parts.close()  # type: ignore[attr-defined]  # it is werkzeug's closing iterator


def test_one_stream_too_many_is_asked_to_come_back(client: FlaskClient) -> None:
    first, second, third = (post(client) for _ in range(3))
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 503)
    assert third.headers["Retry-After"] == "1"
    assert third.json
    assert third.json["error"].startswith("Too many streams")


def test_a_place_is_free_again_however_a_stream_ends(client: FlaskClient) -> None:
    unread, read = post(client), post(client)
    assert read.data
    read.close()
    cut = post(client)
    assert cut.status_code == 200
    assert next(cut.iter_encoded())
    cut.close()
    unread.close()
    assert [post(client).status_code for _ in range(3)] == [200, 200, 503]


def test_refusals_take_no_place(client: FlaskClient) -> None:
    assert {post(client, b"{").status_code for _ in range(9)} == {400}
    assert post(client).status_code == 200


def test_debug_mode_stays_off_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert create_app().debug is False


def test_a_fault_of_the_application_is_json_without_a_traceback(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("streamchat_reference.dialects.stream_chat.routes.read_chat_request", fail)
    response = post(client)
    assert response.status_code == 500
    assert response.json == {"error": "Internal Server Error"}


def test_the_page_may_run_nothing_but_its_own_style_and_script(client: FlaskClient) -> None:
    response = client.get("/")
    assert response.mimetype == "text/html"
    policy = response.headers["Content-Security-Policy"]
    for tag in ("script", "style"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(("body", "status"), [(json.dumps(VALID).encode(), "200"), (b"{", "400")])
def test_the_application_keeps_to_wsgi(body: bytes, status: str) -> None:
    environ: dict[str, object] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "SERVER_PROTOCOL": "HTTP/1.0",
    }
    setup_testing_defaults(environ)
    started: list[str] = []

    def start_response(status: str, *_: object) -> Callable[[bytes], object]:
        started.append(status[:3])
        return lambda _data: None

    application = validator(create_app(EchoAnswerer(events=1)).wsgi_app)
    parts = application(environ, start_response)
    try:
        assert b"".join(parts)
    finally:
        parts.close()  # type: ignore[attr-defined]  # the validator insists on it
    assert started == [status]
