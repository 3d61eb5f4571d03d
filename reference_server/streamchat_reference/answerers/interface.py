"""The interface between the server and an answerer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_reference.lossless_json import PlainJson


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A function that the answerer may ask the client to call."""

    name: str
    description: str = ""
    parameters: Mapping[str, PlainJson] = field(default_factory=dict)
    """The arguments, as a JSON Schema."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an answerer answers: the user's last message, and everything around it."""

    prompt: str
    history: list[PlainJson] = field(default_factory=list)
    """The conversation before the prompt, oldest item first."""
    since: list[PlainJson] = field(default_factory=list)
    """What came after the prompt: tool calls that were asked for, and their results."""
    tools: tuple[OfferedTool, ...] = ()
    must_call: bool = False
    """Whether the answer has to be a call of one of the tools."""
    parallel_calls: bool = True
    """Whether several calls may be asked for at once."""
    options: Mapping[str, PlainJson] = field(default_factory=dict)
    """How a model should answer, such as `temperature`; for answerers that are models."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Yielded instead of a piece of text: the server waits this long, watching the client."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Thought:
    """Yielded before the answer: a piece of a model's reasoning, which is no part of it."""

    text: str


@dataclass(frozen=True, slots=True)
class RequestedCall:
    """Yielded instead of a piece of text: the answerer asks for a call of a tool."""

    name: str
    arguments: str
    """A JSON object, as text."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Yielded last, by an answerer that knows why a model stopped, and what it has used."""

    reason: Literal["stop", "length", "content_filter"] | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


Step: TypeAlias = "str | Pause | Thought | RequestedCall | Closing"
Pieces: TypeAlias = Iterable[Step]


class AnswererError(Exception):
    """The answerer failed, and its message may be shown to the client of the endpoint."""


class Answerer(Protocol):
    """Answers one question after another, many at a time, each in a thread of its own.

    A blocking one, which waits for a model or a network, runs in a second thread, so that the
    server can watch the client meanwhile. One that waits only by yielding `Pause` is not
    blocking, and thousands of its streams are cheap.
    """

    @property
    def blocking(self) -> bool:
        """Whether `generate` may wait by itself."""

    @property
    def echoes_request(self) -> bool:
        """Whether each event repeats the request, in dialects whose events can."""

    @property
    def certain(self) -> bool:
        """Whether every piece was the only one possible: its probability is 1."""

    @property
    def calls_tools(self) -> bool:
        """Whether it asks for calls of the tools that a question offers."""

    def generate(self, question: Question) -> Pieces:
        """Yield the answer piece by piece. Any exception ends the stream with an error event.

        A generator is closed when the client hangs up or the server stops.
        """


@runtime_checkable
class Cancellable(Protocol):
    """Pieces whose wait for the next one can be cancelled from another thread."""

    def cancel(self) -> None:
        """Make a blocked wait end soon. Called at most once, in any state."""


@runtime_checkable
class Closable(Protocol):
    """Pieces that hold something until they are closed, as generators do."""

    def close(self) -> None:
        """End the answer, whether or not it is complete."""
