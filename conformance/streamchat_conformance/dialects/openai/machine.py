"""In which order the pieces of an answer come: one state machine for each choice.

Theory of operation. Each chunk takes a choice through up to three steps, in this order: its role,
its text (content, a refusal or a tool call; or a thought, which may come before the role), and the
reason for which it finished. `TABLE` says for each state and step which state follows, and which
requirement the step breaks, if any. A choice that has finished takes one step a chunk: what comes
then is a fault whatever it is, and only the gravest is named. The machine knows nothing of other
choices, of usage or of the end of the stream, and never raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from streamchat_conformance.dialects.openai.chunk_shape import (
    REASONING_MEMBERS,
    TEXT_MEMBERS,
    Problem,
)
from streamchat_conformance.dialects.openai.data import Datum


class ChoiceState(StrEnum):
    """How far a choice has come."""

    SILENT = "silent"
    """Nothing came but, perhaps, thoughts."""
    INTRODUCED = "introduced"
    """The role came."""
    SPEAKING = "speaking"
    """The role came, and text."""
    ANONYMOUS = "anonymous"
    """Text came before any role."""
    FINISHED = "finished"


class ChoiceStep(StrEnum):
    """What a chunk does with a choice."""

    ROLE = "role"
    TEXT = "text"
    THOUGHT = "thought"
    FINISH = "finish"
    NOTHING = "nothing"


_S, _T = ChoiceState, ChoiceStep
TABLE: Mapping[tuple[ChoiceState, ChoiceStep], tuple[ChoiceState, str]] = {
    (_S.SILENT, _T.ROLE): (_S.INTRODUCED, ""),
    (_S.SILENT, _T.TEXT): (_S.ANONYMOUS, "openai.role-present"),
    (_S.SILENT, _T.THOUGHT): (_S.SILENT, ""),
    (_S.SILENT, _T.FINISH): (_S.FINISHED, ""),
    (_S.SILENT, _T.NOTHING): (_S.SILENT, ""),
    (_S.INTRODUCED, _T.ROLE): (_S.INTRODUCED, "openai.role-once"),
    (_S.INTRODUCED, _T.TEXT): (_S.SPEAKING, ""),
    (_S.INTRODUCED, _T.THOUGHT): (_S.INTRODUCED, ""),
    (_S.INTRODUCED, _T.FINISH): (_S.FINISHED, ""),
    (_S.INTRODUCED, _T.NOTHING): (_S.INTRODUCED, ""),
    (_S.SPEAKING, _T.ROLE): (_S.SPEAKING, "openai.role-once"),
    (_S.SPEAKING, _T.TEXT): (_S.SPEAKING, ""),
    (_S.SPEAKING, _T.THOUGHT): (_S.SPEAKING, ""),
    (_S.SPEAKING, _T.FINISH): (_S.FINISHED, ""),
    (_S.SPEAKING, _T.NOTHING): (_S.SPEAKING, ""),
    (_S.ANONYMOUS, _T.ROLE): (_S.SPEAKING, ""),
    (_S.ANONYMOUS, _T.TEXT): (_S.ANONYMOUS, ""),
    (_S.ANONYMOUS, _T.THOUGHT): (_S.ANONYMOUS, ""),
    (_S.ANONYMOUS, _T.FINISH): (_S.FINISHED, ""),
    (_S.ANONYMOUS, _T.NOTHING): (_S.ANONYMOUS, ""),
    (_S.FINISHED, _T.TEXT): (_S.FINISHED, "openai.nothing-after-finish"),
    (_S.FINISHED, _T.THOUGHT): (_S.FINISHED, "openai.nothing-after-finish"),
    (_S.FINISHED, _T.FINISH): (_S.FINISHED, "openai.finish-once"),
    (_S.FINISHED, _T.ROLE): (_S.FINISHED, "openai.finish-last"),
    (_S.FINISHED, _T.NOTHING): (_S.FINISHED, "openai.finish-last"),
}
"""(state, step) to (next state, requirement that the step breaks)."""

EXPECTED: Mapping[str, str] = {
    "openai.role-present": '"delta": {"role": "assistant", …} before or with it',
    "openai.role-once": "the role in the first chunk of a choice, and in no other",
    "openai.nothing-after-finish": "`finish_reason` with or after the last of a choice",
    "openai.finish-once": "one chunk of each choice with a `finish_reason`",
    "openai.finish-last": "no chunk for a choice that has finished",
}
MESSAGES: Mapping[str, str] = {
    "openai.role-present": "content or a tool call comes for a choice that has no role yet",
    "openai.role-once": "the role comes again: openai-python appends it (`assistantassistant`)",
    "openai.nothing-after-finish": "content, reasoning or a tool call comes after the finish",
    "openai.finish-once": "a second `finish_reason` comes for one choice",
    "openai.finish-last": "a chunk comes for a choice that has finished",
}


@dataclass(slots=True)
class ChoiceRecord:
    """One choice of an answer, as far as it came."""

    index: int
    state: ChoiceState = ChoiceState.SILENT
    content: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    spoke: bool = False
    """Whether content, a refusal or a tool call came."""
    refused: bool = False
    """Whether the text of a refusal came."""
    roles: int = 0
    """How many chunks brought a role."""
    finishes: int = 0
    """How many chunks brought a reason for which it finished."""
    finish: str | None = None
    """The first reason for which it finished."""
    emptily_finished: bool = False
    """Whether an empty string came for a reason last."""
    finished_at: Datum | None = None
    tool_pieces: list[tuple[Datum, dict[str, Any]]] = field(default_factory=list)
    logprobs: list[tuple[Datum, dict[str, Any]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The content, joined."""
        return "".join(self.content)

    @property
    def said_something(self) -> bool:
        """Whether anything came that a person or a program can use."""
        return self.spoke or bool(self.thoughts)

    def lumped(self, choices: int) -> bool:
        """Return whether several choices seem to have come under the index of this one."""
        return choices > 1 and self.roles == self.finishes == choices

    def take(self, datum: Datum, choice: dict[str, Any]) -> Iterator[Problem]:
        """Take a chunk's part for this choice; yield what is wrong with its place."""
        steps = list(self._steps(choice))
        if self.state is ChoiceState.FINISHED:
            steps = _gravest(steps, quiet=datum.usage is not None)
        for step in steps:
            self.state, row = TABLE[self.state, step]
            if row:
                yield Problem(row, datum, MESSAGES[row], EXPECTED[row])
        if self.state is ChoiceState.FINISHED and self.finished_at is None:
            self.finished_at = datum
        self._keep(datum, choice)

    def _steps(self, choice: dict[str, Any]) -> Iterator[ChoiceStep]:
        delta = delta_of(choice)
        role = delta.get("role")
        # Another word than `assistant` is openai.role-value; it introduces a choice once.
        if role == "assistant" or (role is not None and self.state is ChoiceState.SILENT):
            yield ChoiceStep.ROLE
        if speaks(delta):
            yield ChoiceStep.TEXT
        elif thinks(delta):
            yield ChoiceStep.THOUGHT
        # An empty reason is openai.finish-not-empty, and false openai.finish-enum: they finish
        # nothing.
        if choice.get("finish_reason"):
            yield ChoiceStep.FINISH

    def _keep(self, datum: Datum, choice: dict[str, Any]) -> None:
        delta = delta_of(choice)
        self.roles += delta.get("role") is not None
        self.spoke |= speaks(delta)
        self.refused |= bool(delta.get("refusal"))
        content = delta.get("content")
        if isinstance(content, str) and content:
            self.content.append(content)
        self.thoughts += [
            text for name in REASONING_MEMBERS if isinstance(text := delta.get(name), str) and text
        ]
        self.tool_pieces += [(datum, piece) for piece in call_pieces(delta)]
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict):
            self.logprobs.append((datum, logprobs))
        reason = choice.get("finish_reason")
        self.finishes += bool(reason)
        if reason and self.finish is None:
            self.finish = reason if isinstance(reason, str) else repr(reason)[:80]
        if reason is not None:
            self.emptily_finished = reason == ""


def _gravest(steps: list[ChoiceStep], *, quiet: bool) -> list[ChoiceStep]:
    """Return what a chunk does with a choice that has finished: text, then a reason, then all else.

    `quiet` is a chunk that brings usage: that it names the choice is openai.usage-chunk.
    """
    grave: list[ChoiceStep] = [step for step in steps if step is not ChoiceStep.ROLE]
    if grave or quiet:
        return grave
    return [ChoiceStep.NOTHING]


def delta_of(choice: dict[str, Any]) -> dict[str, Any]:
    """Return a choice's delta; an empty one where it has none."""
    delta = choice.get("delta")
    return delta if isinstance(delta, dict) else {}


def call_pieces(delta: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pieces of tool calls that a delta brings, as far as they are objects."""
    pieces = delta.get("tool_calls")
    return [each for each in pieces if isinstance(each, dict)] if isinstance(pieces, list) else []


def speaks(delta: dict[str, Any]) -> bool:
    """Return whether a delta brings content, a refusal or a tool call."""
    texts = (delta.get(name) for name in TEXT_MEMBERS)
    if any(text not in (None, "", []) for text in texts):
        return True
    calls = delta.get("tool_calls")
    return bool(calls) or isinstance(delta.get("function_call"), dict)


def thinks(delta: dict[str, Any]) -> bool:
    """Return whether a delta brings reasoning."""
    return any(isinstance(text := delta.get(name), str) and text for name in REASONING_MEMBERS)
