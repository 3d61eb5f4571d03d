"""A real language model, through any server that speaks OpenAI's chat completions.

The model server's answer is itself an event stream: one JSON object per event, whose
`choices[0].delta.content` is the next piece of text, and at the end an event `[DONE]`.
"""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from streamchat_reference.answerers.interface import AnswererError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from streamchat_reference.lossless_json import PlainJson

CONNECT_S = 10.0
SILENCE_S = 120.0
"""The model may think this long before its first piece, and between two."""

LINE_LIMIT_BYTES = 1024 * 1024


class ModelUrlError(ValueError):
    """The URL of the model server cannot be used. The message is one sentence."""


@dataclass(frozen=True)
class OpenAIAnswerer:
    """Asks the model server at `url` (`http://host:port/v1`) for each answer.

    `api_key` goes into the Authorization header. Raises `ModelUrlError` for other URLs.
    """

    blocking: ClassVar[bool] = True
    echoes_request: ClassVar[bool] = False

    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
            usable = usable and not parts.query and not parts.fragment
        except ValueError:
            usable = False
        if not usable:
            raise ModelUrlError(
                f"{self.url!r} is no URL of a model server; it looks like http://127.0.0.1:8000/v1"
            )

    def generate(self, prompt: str, history: list[PlainJson]) -> Completion:
        """Return the pieces of one completion; the request is sent when the first is asked for."""
        return Completion(self, messages(prompt, history))


def messages(prompt: str, history: list[PlainJson]) -> list[dict[str, str]]:
    """Return the conversation as the model server expects it.

    History items with a `role` and a `content`, both strings, are taken as they are; anything
    else is something the user said, as text.
    """
    talk = []
    for item in history:
        match item:
            case {"role": str(role), "content": str(content)}:
                talk.append({"role": role, "content": content})
            case str():
                talk.append({"role": "user", "content": item})
            case _:
                talk.append({"role": "user", "content": json.dumps(item)})
    return [*talk, {"role": "user", "content": prompt}]


class Completion:
    """The pieces of one completion, as they come. It can be cancelled from another thread."""

    def __init__(self, answerer: OpenAIAnswerer, talk: list[dict[str, str]]) -> None:
        parts = urlsplit(answerer.url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_S)
        self._path = parts.path.rstrip("/") + "/chat/completions"
        self._headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if answerer.api_key:
            self._headers["Authorization"] = f"Bearer {answerer.api_key}"
        self._body = json.dumps({"model": answerer.model, "messages": talk, "stream": True})
        self._socket: socket.socket | None = None
        self._pieces = self._run()

    def __iter__(self) -> Iterator[str]:
        return self._pieces

    def close(self) -> None:
        """End the answer, and the connection to the model server."""
        self._pieces.close()

    def cancel(self) -> None:
        """Make a blocked read end, from another thread."""
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self) -> Generator[str, None, None]:
        try:
            self._connection.connect()
            # Kept apart: a response that ends with the connection takes the socket over.
            self._socket = self._connection.sock
            self._socket.settimeout(SILENCE_S)
            self._connection.request("POST", self._path, self._body, self._headers)
            response = self._connection.getresponse()
            if response.status != 200:
                raise AnswererError(f"the model server answered with status {response.status}")
            for data in _events(response):
                if data == "[DONE]":
                    return
                yield from _content(data)
        except TimeoutError:
            raise AnswererError("the model server is silent") from None
        except (OSError, http.client.HTTPException):
            raise AnswererError("the model server cannot be reached, or broke off") from None
        finally:
            self._connection.close()
            if self._socket is not None:
                self._socket.close()
        raise AnswererError("the model server ended before its answer was complete")


def _events(response: http.client.HTTPResponse) -> Iterator[str]:
    """Yield the data of each event."""
    data: list[str] = []
    while line := response.readline(LINE_LIMIT_BYTES):
        if not line.endswith(b"\n") and len(line) == LINE_LIMIT_BYTES:
            raise AnswererError("the model server sent an endless line")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text.startswith("data:"):
            data.append(text.removeprefix("data:").removeprefix(" "))
        elif not text and data:
            yield "\n".join(data)
            data.clear()


def _content(data: str) -> Iterator[str]:
    """Yield the text of one event, if it has any."""
    try:
        event: Any = json.loads(data)
    except ValueError:
        raise AnswererError("the model server sent an event that is not JSON") from None
    match event:
        case {"error": _}:
            raise AnswererError("the model server reported an error")
        case {"choices": [{"delta": {"content": str(text)}}, *_]} if text:
            yield text
