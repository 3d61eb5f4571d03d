"""An answerer that types: a reply in pieces of a few characters, at an uneven pace."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from streamchat_reference.answerers.interface import Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_reference.answerers.interface import Question

PIECE_CHARACTERS = 6
"""Pieces are this long at most, and end where a word ends, as tokens of a language model do."""

QUOTED_CHARACTERS = 200


@dataclass(frozen=True)
class TypewriterAnswerer:
    """Types a reply about the prompt: for the same seed and request the same pieces and pauses."""

    blocking: ClassVar[bool] = False
    echoes_request: ClassVar[bool] = False
    certain: ClassVar[bool] = True
    calls_tools: ClassVar[bool] = False

    interval_s: float = 0.05
    seed: int = 0

    def generate(self, question: Question) -> Iterator[str | Pause]:
        """Yield pieces and pauses of half to one and a half times the interval."""
        prompt, history = question.prompt, question.history
        chance = random.Random(f"{self.seed}/{len(history)}/{prompt}")
        for piece in _pieces(_reply(prompt, len(history)), chance):
            yield piece
            yield Pause(self.interval_s * chance.uniform(0.5, 1.5))


def _reply(prompt: str, earlier: int) -> str:
    quoted = prompt if len(prompt) <= QUOTED_CHARACTERS else prompt[:QUOTED_CHARACTERS] + "…"
    before = "nothing" if earlier == 0 else "1 message" if earlier == 1 else f"{earlier} messages"
    return (
        f"You wrote “{quoted}”, and before that {before}. I am a typewriter, not a language "
        "model: I repeat what I am given."
    )


def _pieces(text: str, chance: random.Random) -> Iterator[str]:
    for word in re.findall(r"\s*\S+|\s+$", text):
        start = 0
        while start < len(word):
            end = start + chance.randint(2, PIECE_CHARACTERS)
            yield word[start:end]
            start = end
