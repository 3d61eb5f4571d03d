"""The choices of a completion, made of an answerer's pieces: tokens, the cap, stop sequences.

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
from streamchat_reference.dialects.openai.stops import StopSearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamchat_reference.answerers.interface import Pieces

ARGUMENTS_CHARACTERS = 8
"""The arguments of a call leave in pieces of this length."""


@dataclass(frozen=True, slots=True)
class CallHead:
    """The beginning of a call: which one of the choice it is, and the function's name."""

    call: int
    name: str


@dataclass(frozen=True, slots=True)
class CallArguments:
    """The next piece of a call's arguments."""

    call: int
    text: str


@dataclass(frozen=True, slots=True)
class ChoiceEnd:
    """The end of a choice. The numbers are of tokens; None where the answerer did not count."""

    reason: str
    completion_tokens: int
    prompt_tokens: int | None = None


Part: TypeAlias = "str | Thought | CallHead | CallArguments | ChoiceEnd"
ChoicePart: TypeAlias = "tuple[int, Part]"


class Choices:
    """The answers to one question, in turn: each part comes with the index of its choice."""

    def __init__(self, answers: Sequence[Pieces], cap: int | None, stops: Sequence[str]) -> None:
        self._answers = answers
        self._parts = [read_parts(answer, cap, stops) for answer in answers]

    def __iter__(self) -> Iterator[ChoicePart | Pause]:
        unfinished = dict(enumerate(self._parts))
        while unfinished:
            first = next(iter(unfinished))
            for index, parts in list(unfinished.items()):
                for part in parts:
                    if isinstance(part, Pause):
                        # They are made side by side: the first sets the pace.
                        if index == first:
                            yield part
                    else:
                        yield index, part
                        break
                else:
                    del unfinished[index]

    def close(self) -> None:
        """End all answers, whether or not they are complete."""
        for answer in (*self._parts, *self._answers):
            if isinstance(answer, Closable):
                answer.close()

    def cancel(self) -> None:
        """Make a blocked wait end soon, from another thread."""
        for answer in self._answers:
            if isinstance(answer, Cancellable):
                answer.cancel()


def read_parts(pieces: Pieces, cap: int | None, stops: Sequence[str]) -> Iterator[Part | Pause]:
    """Yield one choice's parts, and its end last: within the cap, before any stop sequence."""
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
            if search.found:
                yield ChoiceEnd("stop", used)
                return
        else:
            yield from search.rest()
            yield token
            if not isinstance(token, Thought):
                calls = token.call + 1
        if used == cap:
            yield from search.rest()
            yield ChoiceEnd("length", used)
            return
    yield from search.rest()
    yield ChoiceEnd(
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
