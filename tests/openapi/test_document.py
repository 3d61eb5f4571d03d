"""The document says what it means to say, and what the reference server does."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from streamchat_conformance.dialects.stream_chat.refusals import (
    HISTORY_NOT_LIST,
    NO_HISTORY,
    NO_PROMPT,
    NOT_JSON,
)
from streamchat_reference import create_app
from streamchat_reference.answerers.echo import EchoAnswerer
from werkzeug.test import EnvironBuilder, run_wsgi_app

from .document import (
    DOCUMENT,
    EVENT_STREAM,
    PATH,
    POST,
    RAW,
    Answer,
    event_problems,
    examples,
    is_request,
    responses,
)

VALID = {"prompt": "Hello", "history": []}
LIMIT_BYTES = 10_000


class Server:
    """The reference server's application, asked without a network."""

    def __init__(self) -> None:
        answerer = EchoAnswerer(events=2, interval_s=0)
        self._app = create_app(answerer, max_streams=1, body_limit_bytes=LIMIT_BYTES)
        self._client = self._app.test_client()

    def ask(self, body: object = VALID, *, method: str = "POST", path: str = PATH) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body)
        with self._client.open(
            path, method=method, data=data, content_type="application/json"
        ) as response:
            return Answer(response.status_code, dict(response.headers), response.data)

    def ask_while_a_stream_is_open(self) -> Answer:
        environ = EnvironBuilder(PATH, method="POST", json=VALID).get_environ()
        parts, status, _ = run_wsgi_app(self._app, environ)
        assert status == "200 OK"
        try:
            return self.ask()
        finally:
            parts.close()  # type: ignore[attr-defined]  # it is werkzeug's closing iterator


def provoked() -> dict[str, Answer]:
    """Give an answer of the reference server for every response that can be described."""
    server = Server()
    return {
        "200": server.ask(),
        "400": server.ask({}),
        "404": server.ask(path=f"{PATH}s"),
        "405": server.ask(method="PUT"),
        "413": server.ask({"prompt": "x" * LIMIT_BYTES, "history": []}),
        "503": server.ask_while_a_stream_is_open(),
    }


def test_both_copies_are_the_same_byte_for_byte() -> None:
    assert files("streamchat_reference.site").joinpath("openapi.json").read_bytes() == RAW


def test_the_document_is_yaml_too_since_many_tools_read_it_as_such() -> None:
    assert yaml.safe_load(RAW) == DOCUMENT


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_example_of_a_request_is_a_request() -> None:
    shown = examples(POST["requestBody"]["content"]["application/json"])
    assert len(shown) >= 4
    assert all(map(is_request, shown))


@pytest.mark.parametrize(
    ("request_", "valid"),
    [
        (VALID, True),
        ({"prompt": "", "history": [None, 0, [], {}], "more": 1}, True),
        ({"history": []}, False),
        ({"prompt": "Hello"}, False),
        ({"prompt": None, "history": []}, False),
        ({"prompt": 1, "history": []}, False),
        ({"prompt": "Hello", "history": {}}, False),
        ([VALID], False),
        (None, False),
    ],
)
def test_the_schema_distinguishes_requests_from_others(request_: object, *, valid: bool) -> None:
    assert is_request(request_) == valid


def test_every_response_has_examples_which_are_as_it_says() -> None:
    for status, response in responses().items():
        for media_type, content in response["content"].items():
            shown = examples(content)
            assert shown, status
            for example in shown:
                if media_type == EVENT_STREAM:
                    assert list(event_problems(example)) == []
                else:
                    answer = Answer(int(status), headers(response, media_type), dumped(example))
                    assert list(answer.problems()) == []


def headers(response: dict[str, Any], media_type: str) -> dict[str, str]:
    """Give the header fields that a response's examples show."""
    shown = {name: str(header["example"]) for name, header in response.get("headers", {}).items()}
    return {"Content-Type": media_type, **shown}


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def test_the_examples_of_refusals_are_the_four_texts_in_their_order() -> None:
    shown = examples(responses()["400"]["content"]["application/json"])
    assert [example["error"] for example in shown] == [
        *(NOT_JSON, NO_PROMPT, NO_HISTORY, HISTORY_NOT_LIST),
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", NOT_JSON),
        ({"history": []}, NO_PROMPT),
        ({"prompt": "Hello"}, NO_HISTORY),
        ({"prompt": "Hello", "history": {}}, HISTORY_NOT_LIST),
    ],
)
def test_the_reference_refuses_in_the_documents_words(body: object, text: str) -> None:
    answer = Server().ask(body)
    assert answer.status == 400
    assert list(answer.problems()) == []
    assert json.loads(answer.body)["error"] == text


def test_every_described_response_is_one_that_the_reference_gives() -> None:
    answers = provoked()
    assert set(answers) == set(responses())
    for status, answer in answers.items():
        assert str(answer.status) == status
        assert list(answer.problems()) == [], status


def test_the_stream_on_the_wire_is_as_the_description_shows_it() -> None:
    shown = responses()["200"]["description"].split("```\n")[1]
    fields = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-cache"}
    answer = Answer(200, fields, shown.encode())
    assert list(answer.problems()) == []
    assert len(answer.events()) == 2


@pytest.mark.parametrize(
    ("status", "fields", "body", "problem"),
    [
        (422, {}, b"{}", "status 422 is not described"),
        (400, {"Content-Type": "text/html"}, b"", "media type text/html is not described"),
        (400, {"Content-Type": "application/json"}, b'{"detail":"x"}', "'error' is a required"),
        (400, {"Content-Type": "application/json"}, b'{"error":""}', "'' should be non-empty"),
        (503, {"Content-Type": "application/json"}, b'{"error":"x"}', "Retry-After is missing"),
        (200, {"Content-Type": EVENT_STREAM}, b"", "Cache-Control is missing"),
        (200, {"Cache-Control": "public"}, b"", "Cache-Control: 'public' does not match"),
        (200, {"Cache-Control": 'x="no-cache"'}, b"", "does not match"),
        (200, {"Content-Type": EVENT_STREAM}, b"", "there is no event"),
        (200, {"Content-Type": EVENT_STREAM}, b"data: [DONE]\n\n", "data: Expecting value"),
        (200, {"Content-Type": EVENT_STREAM}, b'data: {"response":null}\n\n', "None is not of"),
        (200, {"Content-Type": EVENT_STREAM}, b"data: {}\n\n", "'response' is a required"),
        (200, {"Content-Type": EVENT_STREAM}, b"event: error\ndata: {}\n\n", "'error' is a requ"),
        (200, {"Content-Type": EVENT_STREAM}, b"event: x\ndata: {}\n\n", "'x' is not one of"),
    ],
)
def test_an_answer_that_is_not_as_described_is_reported(
    status: int, fields: dict[str, str], body: bytes, problem: str
) -> None:
    assert any(problem in shown for shown in Answer(status, fields, body).problems())


@pytest.mark.parametrize("value", ["no-store", "max-age=0, No-Cache", "no-cache, no-transform"])
def test_a_stream_that_no_cache_keeps_is_as_described(value: str) -> None:
    fields = {"Content-Type": EVENT_STREAM, "Cache-Control": value}
    assert list(Answer(200, fields, b'data: {"response":"x"}\n\n').problems()) == []
