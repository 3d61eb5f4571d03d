"""Scripted slowness, failure and calls of tools: what they look like from outside can be tested."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from streamchat_reference.answerers.interface import AnswererError, Pause, Thought
from streamchat_reference.answerers.tool_calls import requested_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_reference.answerers.interface import (
        Answerer,
        Pieces,
        Question,
        RequestedCall,
        Step,
    )

ABOUT_TO_CALL = ("I will", " look.")
THOUGHTS = (Thought("Let me"), Thought(" think"), Thought("."))


@dataclass(frozen=True)
class ScriptedAnswerer:
    """Answers as `answerer` does, but for some prompts, and for questions that offer tools.

    `slow_prompt` is answered after `slow_s` of silence; `fault_prompt` fails after `fault_after`
    pieces. None: no such prompt. With `call_tools` a question that asks for calls gets them; with
    `think` some reasoning precedes each answer.
    """

    answerer: Answerer
    slow_prompt: str | None = None
    slow_s: float = 3.0
    fault_prompt: str | None = None
    fault_after: int = 2
    call_tools: bool = False
    think: bool = False

    @property
    def blocking(self) -> bool:
        """As the wrapped answerer."""
        return self.answerer.blocking

    @property
    def echoes_request(self) -> bool:
        """As the wrapped answerer."""
        return self.answerer.echoes_request

    @property
    def certain(self) -> bool:
        """As the wrapped answerer."""
        return self.answerer.certain

    @property
    def calls_tools(self) -> bool:
        """As the wrapped answerer, or by script."""
        return self.call_tools or self.answerer.calls_tools

    def generate(self, question: Question) -> Pieces:
        """Return the answer, with the silence, failure or calls that its question stands for."""
        calls = requested_calls(question) if self.call_tools else []
        pieces = _calling(question, calls) if calls else self.answerer.generate(question)
        if question.prompt == self.fault_prompt:
            pieces = _failing(pieces, self.fault_after)
        if self.think:
            pieces = chain(THOUGHTS, pieces)
        if question.prompt == self.slow_prompt:
            pieces = chain([Pause(self.slow_s)], pieces)
        return pieces


def _calling(question: Question, calls: list[RequestedCall]) -> Pieces:
    """Return the calls, after a word about them where the client has not asked for calls alone."""
    return calls if question.must_call else (*ABOUT_TO_CALL, *calls)


def _failing(pieces: Pieces, after: int) -> Iterator[Step]:
    given = 0
    for step in pieces:
        if given == after:
            break
        given += not isinstance(step, Pause)
        yield step
    raise AnswererError("this failure is scripted")
