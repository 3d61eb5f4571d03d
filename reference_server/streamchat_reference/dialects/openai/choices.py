"""The choices of a completion: one answer each, made side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from streamchat_reference.answerers.interface import Pause
from streamchat_reference.dialects.parts import ReadAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamchat_reference.answerers.interface import Pieces
    from streamchat_reference.dialects.parts import Part

ChoicePart: TypeAlias = "tuple[int, Part]"


class Choices:
    """The answers to one question, in turn: each part comes with the index of its choice."""

    def __init__(self, answers: Sequence[Pieces], cap: int | None, stops: Sequence[str]) -> None:
        self._answers = [ReadAnswer(answer, cap, stops) for answer in answers]

    def __iter__(self) -> Iterator[ChoicePart | Pause]:
        unfinished = dict(enumerate(self._answers))
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
        for answer in self._answers:
            answer.close()

    def cancel(self) -> None:
        """Make a blocked wait end soon, from another thread."""
        for answer in self._answers:
            answer.cancel()
