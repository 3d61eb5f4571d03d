"""The interface between the server and an answerer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from streamchat_reference.lossless_json import PlainJson


@dataclass(frozen=True, slots=True)
class Pause:
    """Yielded instead of a piece of text: the server waits this long, watching the client."""

    seconds: float


Pieces: TypeAlias = Iterable[str | Pause]


class AnswererError(Exception):
    """The answerer failed, and its message may be shown to the client of the endpoint."""


class Answerer(Protocol):
    """Answers one prompt after another, many at a time, each in a thread of its own.

    A blocking one, which waits for a model or a network, runs in a second thread, so that the
    server can watch the client meanwhile. One that waits only by yielding `Pause` is not
    blocking, and thousands of its streams are cheap.
    """

    @property
    def blocking(self) -> bool:
        """Whether `generate` may wait by itself."""

    @property
    def echoes_request(self) -> bool:
        """Whether each event repeats the request."""

    def generate(self, prompt: str, history: list[PlainJson]) -> Pieces:
        """Yield the answer piece by piece. Any exception ends the stream with an error event.

        A generator is closed when the client hangs up or the server stops.
        """


@runtime_checkable
class Cancellable(Protocol):
    """Pieces whose wait for the next one can be cancelled from another thread."""

    def cancel(self) -> None:
        """Make a blocked wait end soon. Called at most once, in any state."""
