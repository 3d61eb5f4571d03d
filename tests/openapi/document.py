"""The OpenAPI document as these tests read it: by JSON Schema alone, without any OpenAPI tool."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import httpx
from httpx_sse import EventSource
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RAW = files("streamchat_fixtures").joinpath("openapi.json").read_bytes()
DOCUMENT: dict[str, Any] = json.loads(RAW)
PATH = "/api/stream-chat"
ITEM: dict[str, Any] = DOCUMENT["paths"][PATH]
POST: dict[str, Any] = ITEM["post"]
EVENT_STREAM = "text/event-stream"


@cache
def validator(name: str) -> Draft202012Validator:
    """Give the validator of one of the document's schemas."""
    reference = f"#/components/schemas/{name}"
    return Draft202012Validator({"$ref": reference, "components": DOCUMENT["components"]})


def is_request(value: object) -> bool:
    """Return whether the document takes a JSON value for a request."""
    return bool(validator("ChatRequest").is_valid(value))


def resolved(definition: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    if "$ref" not in definition:
        return definition
    found: dict[str, Any] = DOCUMENT
    for name in definition["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def responses() -> dict[str, dict[str, Any]]:
    """Give every response that the document describes, by status."""
    described = {
        **POST["responses"],
        **ITEM["x-other-methods"],
        **DOCUMENT["paths"]["x-other-paths"],
    }
    return {
        status: resolved(definition) for status, definition in described.items() if status.isdigit()
    }


def examples(content: dict[str, Any]) -> list[Any]:
    """Give the examples of a media type."""
    named = [example["value"] for example in content.get("examples", {}).values()]
    return [content["example"], *named] if "example" in content else named


def event_problems(event: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one event, its data included.

    `contentSchema` is only an annotation for JSON Schema (validation, section 8): whoever wants
    to know reads the content.
    """
    yield from _problems("Event", event)
    branch = "then" if event.get("event") == "error" else "else"
    schema = DOCUMENT["components"]["schemas"]["Event"][branch]["properties"]["data"]
    name = schema["contentSchema"]["$ref"].rpartition("/")[2]
    try:
        value = json.loads(event["data"])
    except ValueError as error:
        yield f"data: {error}"
    else:
        yield from _problems(name, value)


@dataclass(frozen=True)
class Answer:
    """A response as a client has it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def problems(self) -> Iterator[str]:
        """Yield in what the response is not as the document says."""
        described = responses().get(str(self.status))
        if described is None:
            yield f"status {self.status} is not described"
            return
        for name, header in described.get("headers", {}).items():
            yield from self._header_problems(name, header)
        media_type = self.headers.get("Content-Type", "").partition(";")[0]
        if media_type not in described["content"]:
            yield f"media type {media_type} is not described"
        elif media_type == EVENT_STREAM:
            events = self.events()
            for event in events:
                yield from event_problems(event)
            if not events:
                yield "there is no event"
        else:
            yield from _problems("Error", json.loads(self.body))

    def events(self) -> list[dict[str, Any]]:
        """Give the events, as an independent reader finds them."""
        response = httpx.Response(200, headers={"Content-Type": EVENT_STREAM}, content=self.body)
        return [
            {"event": event.event, "data": event.data} for event in EventSource(response).iter_sse()
        ]

    def _header_problems(self, name: str, header: dict[str, Any]) -> Iterator[str]:
        text = self.headers.get(name)
        if text is None:
            if header.get("required"):
                yield f"{name} is missing"
            return
        value = int(text) if header["schema"].get("type") == "integer" else text
        for error in Draft202012Validator(header["schema"]).iter_errors(value):
            yield f"{name}: {error.message}"


def _problems(schema: str, value: object) -> Iterator[str]:
    for error in validator(schema).iter_errors(value):
        yield f"{schema}: {error.message}"
