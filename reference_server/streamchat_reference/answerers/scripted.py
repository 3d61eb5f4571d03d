"""Scripted slowness and failure: what they look like from outside can be tested."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from streamchat_reference.answerers.interface import AnswererError, Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_reference.answerers.interface import Answerer, Pieces
    from streamchat_reference.lossless_json import PlainJson


@dataclass(frozen=True)
class ScriptedAnswerer:
    """Answers as `answerer` does, but for two prompts: one is answered late, one fails.

    `slow_prompt` is answered after `slow_s` of silence; `fault_prompt` fails after `fault_after`
    pieces. None: no such prompt.
    """

    answerer: Answerer
    slow_prompt: str | None = None
    slow_s: float = 3.0
    fault_prompt: str | None = None
    fault_after: int = 2

    @property
    def blocking(self) -> bool:
        """As the wrapped answerer."""
        return self.answerer.blocking

    @property
    def echoes_request(self) -> bool:
        """As the wrapped answerer."""
        return self.answerer.echoes_request

    def generate(self, prompt: str, history: list[PlainJson]) -> Pieces:
        """Return the answer, with the silence or the failure that its prompt stands for."""
        pieces = self.answerer.generate(prompt, history)
        if prompt == self.fault_prompt:
            pieces = _failing(pieces, self.fault_after)
        if prompt == self.slow_prompt:
            pieces = chain([Pause(self.slow_s)], pieces)
        return pieces


def _failing(pieces: Pieces, after: int) -> Iterator[str | Pause]:
    given = 0
    for step in pieces:
        if given == after:
            break
        given += not isinstance(step, Pause)
        yield step
    raise AnswererError("this failure is scripted")
