"""The server gives the endpoint's OpenAPI document, as it is in the file."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from streamchat_reference import create_app
from streamchat_reference.dialects.stream_chat.routes import ENDPOINT_PATH

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from .harness import RunningServer

PATH = "/openapi.json"


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def test_the_document_is_served_as_it_is_in_the_file(client: FlaskClient) -> None:
    response = client.get(PATH)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.data == files("streamchat_reference.site").joinpath("openapi.json").read_bytes()


def test_the_document_names_the_endpoint_and_a_server_that_is_this_one(client: FlaskClient) -> None:
    document = json.loads(client.get(PATH).data)
    assert "post" in document["paths"][ENDPOINT_PATH]
    # Without `servers` it is the server that gave the document (OpenAPI 3.1, OpenAPI Object).
    assert "servers" not in document


def test_the_document_can_be_read_and_nothing_else(client: FlaskClient) -> None:
    head = client.head(PATH)
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(client.get(PATH).data)
    refused = client.post(PATH, json={"prompt": "Hello", "history": []})
    assert (refused.status_code, refused.json) == (405, {"error": "Method Not Allowed"})
    assert {"GET", "HEAD"} <= set(refused.headers["Allow"].split(", "))
    assert client.get(f"{PATH}/").status_code == 404


def test_the_connection_serves_on_after_the_document(server: RunningServer) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n"
    with server.connect() as conversation:
        for _ in range(2):
            conversation.send(request)
            response = conversation.read_response()
            assert response.status == 200
            assert response.json["openapi"].startswith("3.1.")
        assert conversation.is_open()
