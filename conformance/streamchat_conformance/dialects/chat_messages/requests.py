"""Requests whose `messages` are the turns of a talk, and those that the suite sends by itself."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Self, TypeAlias, TypeVar

from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.dialects.interface import Asked, Deployment

BASE = "/v1"
"""What client libraries call the base URL ends with it."""
PROMPT = "Say hello."
DEFAULT_MODEL = "default"
"""The name for a server that has one model and lists none."""
CAP = 64
"""The most tokens that an ordinary answer may have."""
CAP_NAME = "max_tokens"
"""How the most tokens of an answer are asked for."""

Turn: TypeAlias = Mapping[str, Any]

_LARGE = "x" * 100_000


def user(content: Any) -> Turn:
    """Return a user's message."""
    return {"role": "user", "content": content}


def assistant(content: Any) -> Turn:
    """Return a model's message."""
    return {"role": "assistant", "content": content}


@dataclass(frozen=True, slots=True)
class TalkRequest:
    """A request's JSON object."""

    messages: Any = ({"role": "user", "content": PROMPT},)
    model: Any = DEFAULT_MODEL
    cap: int | None = CAP
    """The most tokens of the answer; None for no limit."""
    cap_name: str = CAP_NAME
    options: Mapping[str, Any] = field(default_factory=dict)
    """Members beyond messages, model, stream and the limit; they win over those."""

    def members(self) -> dict[str, Any]:
        """Return the JSON object."""
        messages = self.messages
        found: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages) if isinstance(messages, tuple) else messages,
            "stream": True,
        }
        if self.cap is not None:
            found[self.cap_name] = self.cap
        return {**found, **self.options}

    def body(self, *, ensure_ascii: bool = True) -> bytes:
        """Return the JSON text, escaped to ASCII or as raw UTF-8."""
        return json.dumps(self.members(), ensure_ascii=ensure_ascii).encode("utf-8")

    def with_options(self, **options: Any) -> Self:
        """Return the same request with more members."""
        return replace(self, options={**self.options, **options})

    def without(self, *names: str) -> bytes:
        """Return the body without some members."""
        members = {name: value for name, value in self.members().items() if name not in names}
        return json.dumps(members).encode()

    def capped(self, cap: int) -> Self:
        """Return the same request with another limit, if it has one."""
        return replace(self, cap=cap) if self.cap is not None else self

    def saying(self, text: str) -> Self:
        """Return the request with one message that says `text`."""
        return replace(self, messages=(user(text),))

    @classmethod
    def of(cls, body: Body) -> Self:
        """Return a plain request as one of this dialect. Raises TypeError for another's."""
        if not isinstance(body, cls):
            raise TypeError(f"{body!r} is no request of this dialect")
        return body


Sent = TypeVar("Sent", bound=TalkRequest)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@dataclass(frozen=True, slots=True)
class TalkRequests(Generic[Sent]):
    """The requests of such an endpoint that shared cases send, for one deployment."""

    deployment: Deployment = field(default_factory=Deployment)

    @property
    @abstractmethod
    def base(self) -> Sent:
        """The plainest request to this deployment."""

    @property
    def plain(self) -> Sequence[Sent]:
        """The plain request, and others that say the same."""
        return (self.base,)

    def of_deployment(self, request: type[Sent]) -> Sent:
        """Return the plainest request of a class to this deployment."""
        known = self.deployment
        return request(
            messages=(user(known.prompt or PROMPT),),
            model=known.model or DEFAULT_MODEL,
            cap=known.cap or CAP,
            options=dict(known.members),
        )

    def _broken(self, **members: Any) -> bytes:
        return _json({**self.base.members(), **members})

    def _without_messages(self, more: Mapping[str, Any]) -> bytes:
        members = {**self.base.members(), **more}
        del members["messages"]
        return _json(members)

    @property
    def refusable(self) -> Sequence[HttpRequest]:
        """Invalid requests, each refused for another reason; the first lacks its text."""
        return (
            HttpRequest(body=self.base.without("messages")),
            HttpRequest(body=self._broken(messages="Hello")),
            HttpRequest(body=b"{"),
            HttpRequest(body=self._broken(messages=None)),
        )

    @property
    def invalid(self) -> Sequence[HttpRequest]:
        """One request for each way in which a request may have to be refused."""
        return (
            *self.refusable,
            *(
                HttpRequest(body=body)
                for body in (
                    b"",
                    b"[]",
                    self._broken(messages=1),
                    self._broken(messages={}),
                    self._broken(messages=["Hello"]),
                    self._broken(messages=[None]),
                )
            ),
        )

    @property
    def invalid_and_large(self) -> Sequence[bytes]:
        """Invalid bodies of 100 KB and more, large in every place that a refusal may repeat."""
        return (
            _json(_LARGE),
            b'{"model": ' + _json(_LARGE),
            self._broken(messages=_LARGE),
            self._broken(messages=[_LARGE]),
            self._broken(messages={_LARGE: 1}),
            self._broken(messages=[1] * 20_000),
            # Without messages: a refusal may repeat what there is instead.
            self._without_messages({_LARGE: 1}),
            self._without_messages({"input": _LARGE}),
        )

    @property
    def declarable(self) -> Sequence[str]:
        """The keys of the tables [slow] and [fault]."""
        return ("prompt", "messages")

    def saying(self, plain: Body, text: str) -> Sent:
        """Return the request with one message that says `text`."""
        return type(self.base).of(plain).saying(text)

    def recalling(self, plain: Body, text: str) -> Sent:
        """Return the request with earlier turns that say `text`."""
        chat = type(self.base).of(plain)
        return replace(chat, messages=(user(text), assistant(text), *chat.messages))

    def everywhere(self, plain: Body, text: str) -> Sequence[Sent]:
        """Return requests with the text as the message, and as an earlier turn."""
        return (self.saying(plain, text), self.recalling(plain, text))

    def declared(self, table: Mapping[str, Any]) -> Sent:
        """Return the request of a table of the target file: `prompt`, or `messages`.

        Raises ValueError where both are missing, or one is of another type.
        """
        prompt, messages = table.get("prompt"), table.get("messages")
        if messages is None and prompt is None:
            raise ValueError("'prompt' is missing: write the prompt that shows it")
        if messages is not None:
            if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
                raise ValueError(f"'messages' must be an array of tables, not {messages!r}")
            return replace(self.base, messages=tuple(messages))
        if not isinstance(prompt, str):
            raise ValueError(f"'prompt' must be a string, not {prompt!r}")  # noqa: TRY004 - of a file
        return self.base.saying(prompt)

    def special(self, plain: Body, asked: Asked) -> frozenset[str]:
        """Return nothing: what is special here is special compared with any plain request."""
        del plain, asked
        return frozenset()
