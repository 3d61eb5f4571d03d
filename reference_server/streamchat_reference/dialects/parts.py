"""The parts of an answer, made of an answerer's pieces: tokens, the cap, stop sequences.

Each piece of text is one token here. A call of a tool is several: its head, and its arguments
cut into pieces, as a model would write them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from streamchat_reference.answerers.interface import (
    Cancellable,
    Closable,
    Closing,
    Pause,
    RequestedCall,
    Thought,
)
from streamchat_reference.dialects.stops import StopSearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamchat_reference.answerers.interface import Pieces

ARGUMENTS_CHARACTERS = 8
"""The arguments of a call leave in pieces of this length."""


@dataclass(frozen=True, slots=True)
class CallHead:
    """The beginning of a call: which one of the answer it is, and the function's name."""

    call: int
    name: str


@dataclass(frozen=True, slots=True)
class CallArguments:
    """The next piece of a call's arguments."""

    call: int
    text: str


@dataclass(frozen=True, slots=True)
class AnswerEnd:
    """The end of an answer. The numbers are of tokens; None where the answerer did not count."""

    reason: str
    completion_tokens: int
    prompt_tokens: int | None = None
    stop_sequence: str | None = None
    """The stop sequence before which the answer ends, where there is one."""


Part: TypeAlias = "str | Thought | CallHead | CallArguments | AnswerEnd"


class ReadAnswer:
    """The parts of one answer, for a stream that may close or cancel it at any time."""

    def __init__(self, pieces: Pieces, cap: int | None, stops: Sequence[str]) -> None:
        self._pieces = pieces
        self._parts = read_parts(pieces, cap, stops)

    def __iter__(self) -> Iterator[Part | Pause]:
        return self

    def __next__(self) -> Part | Pause:
        return next(self._parts)

    def close(self) -> None:
        """End the answer, whether or not it is complete."""
        for each in (self._parts, self._pieces):
            if isinstance(each, Closable):
                each.close()

    def cancel(self) -> None:
        """Make a blocked wait end soon, from another thread."""
        if isinstance(self._pieces, Cancellable):
            self._pieces.cancel()


def read_parts(pieces: Pieces, cap: int | None, stops: Sequence[str]) -> Iterator[Part | Pause]:
    """Yield the parts of one answer, and its end last: within the cap, before any stop sequence."""
    search = StopSearch(stops)
    used = calls = 0
    closing = Closing()
    for token in _tokens(pieces):
        if isinstance(token, Pause):
            yield token
            continue
        if isinstance(token, Closing):
            closing = token
            continue
        used += 1
        if isinstance(token, str):
            yield from search.before_stop(token)
            if search.found is not None:
                yield AnswerEnd("stop", used, stop_sequence=search.found)
                return
        else:
            yield from search.rest()
            yield token
            if not isinstance(token, Thought):
                calls = token.call + 1
        if used == cap:
            yield from search.rest()
            yield AnswerEnd("length", used)
            return
    yield from search.rest()
    yield AnswerEnd(
        "tool_calls" if calls and closing.reason != "length" else closing.reason or "stop",
        used if closing.completion_tokens is None else closing.completion_tokens,
        closing.prompt_tokens,
    )


def _tokens(
    pieces: Pieces,
) -> Iterator[str | Thought | CallHead | CallArguments | Closing | Pause]:
    calls = 0
    for piece in pieces:
        match piece:
            case RequestedCall(name, arguments):
                yield CallHead(calls, name)
                for start in range(0, len(arguments), ARGUMENTS_CHARACTERS):
                    yield CallArguments(calls, arguments[start : start + ARGUMENTS_CHARACTERS])
                calls += 1
            case str() | Thought() | Pause() | Closing():
                if piece != "":
                    yield piece
            case _:
                raise TypeError(f"pieces must be text, not {type(piece).__name__}")
