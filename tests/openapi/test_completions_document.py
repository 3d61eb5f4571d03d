"""The document of Chat Completions says what the reference server does."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from httpx_sse import EventSource
from jsonschema import Draft202012Validator
from streamchat_reference import create_app
from streamchat_reference.answerers.interface import AnswererError
from streamchat_reference.answerers.loaded import CallableAnswerer
from streamchat_reference.answerers.scripted import ScriptedAnswerer
from streamchat_reference.answerers.typewriter import TypewriterAnswerer

from ..reference.test_completion_request import ACCEPTED, REFUSED, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

RAW = files("streamchat_reference.site").joinpath("openapi_completions.json").read_bytes()
DOCUMENT: dict[str, Any] = json.loads(RAW)
PATH = "/v1/chat/completions"
POST: dict[str, Any] = DOCUMENT["paths"][PATH]["post"]
EVENT_STREAM = "text/event-stream"
MODEL = "m"
LIMIT_BYTES = 10_000

BETWEEN_MEMBERS = {
    "top_logprobs alone",
    "stream_options alone",
    "a tool twice",
    "required without tools",
    "named without tools",
    "a tool that is not offered",
}
"""Faults that the schema leaves to the document's description."""


def validator(name: str) -> Draft202012Validator:
    reference = f"#/components/schemas/{name}"
    return Draft202012Validator({"$ref": reference, "components": DOCUMENT["components"]})


def resolved(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT
    if "$ref" not in definition:
        return definition
    for name in definition["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def responses(path: str = PATH, method: str = "post") -> dict[str, dict[str, Any]]:
    described = DOCUMENT["paths"][path][method]["responses"]
    return {status: resolved(definition) for status, definition in described.items()}


def examples(content: dict[str, Any]) -> list[Any]:
    named = [example["value"] for example in content.get("examples", {}).values()]
    return [content["example"], *named] if "example" in content else named


def schema_name(content: dict[str, Any]) -> str:
    return str(content["schema"]["$ref"]).rpartition("/")[2]


def event_problems(event: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one event; `contentSchema` is only an annotation by itself."""
    yield from (error.message for error in validator("Event").iter_errors(event))
    if event["data"] != "[DONE]":
        value = json.loads(event["data"])
        name = "ErrorResponse" if "error" in value else "Chunk"
        yield from (error.message for error in validator(name).iter_errors(value))


def problems(response: TestResponse, described: dict[str, dict[str, Any]]) -> list[str]:
    """Return in what a response is not as the document says."""
    says = described[str(response.status_code)]
    content = says["content"][response.mimetype]
    found = [
        f"{name} is missing"
        for name, header in says.get("headers", {}).items()
        if header.get("required") and name not in response.headers
    ]
    if response.mimetype == EVENT_STREAM:
        events = read_events(response.text)
        assert events
        return [*found, *(problem for event in events for problem in event_problems(event))]
    schema = validator(schema_name(content))
    return [*found, *(error.message for error in schema.iter_errors(response.json))]


def read_events(text: str) -> list[dict[str, Any]]:
    stream = httpx.Response(200, headers={"Content-Type": EVENT_STREAM}, content=text.encode())
    return [{"event": each.event, "data": each.data} for each in EventSource(stream).iter_sse()]


@pytest.fixture
def client() -> FlaskClient:
    answerer = ScriptedAnswerer(
        TypewriterAnswerer(interval_s=0), fault_prompt="FAULT", call_tools=True, think=True
    )
    return create_app(
        answerer, model=MODEL, max_streams=1, body_limit_bytes=LIMIT_BYTES
    ).test_client()


def ask(client: FlaskClient, **members: Any) -> TestResponse:
    return client.post(PATH, json={"model": MODEL, "messages": [USER], **members})


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_of_completions_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_example_is_as_its_schema_says() -> None:
    shown = examples(POST["requestBody"]["content"]["application/json"])
    assert len(shown) >= 4
    assert all(map(validator("CompletionRequest").is_valid, shown))
    for path, method in ((PATH, "post"), ("/v1/models", "get")):
        for status, response in responses(path, method).items():
            for media_type, content in response["content"].items():
                assert examples(content), status
                for example in examples(content):
                    if media_type == EVENT_STREAM:
                        assert list(event_problems(example)) == []
                    else:
                        validator(schema_name(content)).validate(example)


def test_the_stream_on_the_wire_is_one_of_its_events() -> None:
    shown = responses()["200"]["description"].split("```\n")[1]
    events = read_events(shown)
    assert [list(event_problems(event)) for event in events] == [[]] * 4
    assert events[-1]["data"] == "[DONE]"


@pytest.mark.parametrize(
    ("name", "members"), [row[:2] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_the_server_refuses_is_invalid_by_the_document(
    name: str, members: dict[str, Any]
) -> None:
    request = {"model": "m", "messages": [USER], **members}
    assert validator("CompletionRequest").is_valid(request) == (name in BETWEEN_MEMBERS)


@pytest.mark.parametrize("members", ACCEPTED.values(), ids=ACCEPTED)
def test_what_the_server_accepts_is_valid_by_the_document(members: dict[str, Any]) -> None:
    validator("CompletionRequest").validate({"model": "m", "messages": [USER], **members})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("members", ACCEPTED.values(), ids=ACCEPTED)
def test_every_answer_is_as_the_document_says(
    client: FlaskClient, members: dict[str, Any], *, stream: bool
) -> None:
    asked = {**members, "stream": stream}
    if not stream:
        asked.pop("stream_options", None)
    response = ask(client, **asked)
    with response:
        assert response.status_code == 200
        assert problems(response, responses()) == []


def test_every_refusal_is_as_the_document_says(client: FlaskClient) -> None:
    refusing = create_app(api_key="secret").test_client()
    answers = {
        "400": ask(client, n=0),
        "401": ask(refusing),
        "404": ask(client, model="other"),
        "413": ask(client, user="x" * LIMIT_BYTES),
        "500": ask(client, messages=[{"role": "user", "content": "FAULT"}]),
    }
    open_stream = ask(client, stream=True)
    answers["503"] = ask(client)
    open_stream.close()
    assert {*answers, "200"} == set(responses())
    for status, answer in answers.items():
        assert str(answer.status_code) == status
        assert problems(answer, responses()) == []


def test_a_stream_that_fails_is_as_the_document_says() -> None:
    def answer(*_: object) -> Iterator[str]:
        yield "a"
        raise AnswererError("it is tired")

    client = create_app(CallableAnswerer(answer), model=MODEL).test_client()
    response = ask(client, stream=True)
    with response:
        assert "it is tired" in response.text
        assert problems(response, responses()) == []


def test_the_list_of_models_is_as_the_document_says(client: FlaskClient) -> None:
    response = client.get("/v1/models")
    assert problems(response, responses("/v1/models", "get")) == []


def test_the_served_document_names_the_model_and_needs_no_key() -> None:
    client = create_app(model="m", api_key="secret").test_client()
    response = client.get("/v1/openapi.json")
    assert response.mimetype == "application/json"
    served = response.json
    assert served
    model = served["components"]["schemas"]["CompletionRequest"]["properties"]["model"]
    assert model.pop("enum") == ["m"]
    assert served == DOCUMENT
