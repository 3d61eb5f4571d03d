"""One streamed answer: what it said, what was wrong with it, and under which requirement.

Theory of operation. The events are read once, in order, until the end, an error, or the end of
what was recorded. Each chunk is looked at by itself (`chunk_shape`), and moves its choices on
(`machine`). What can only be said of all of them (ids, tool calls, usage, the end) follows.
`problems` has what was found by requirement, `decided` the requirements on which the stream says
something, be it that all is well. Nothing is decided on what did not come: a stream that was left
early says nothing of its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.openai.chunk_shape import (
    FINISH_REASONS,
    ROWS,
    Problem,
    is_int,
    shape_problems,
)
from streamchat_conformance.dialects.openai.data import Datum, DatumKind, classified
from streamchat_conformance.dialects.openai.machine import (
    ChoiceRecord,
    ChoiceState,
    delta_of,
    speaks,
    thinks,
)
from streamchat_conformance.dialects.openai.tool_calls import (
    MARKUP,
    ToolCall,
    gathered,
    is_object,
    repeated,
)
from streamchat_conformance.dialects.openai.undecided import ORDER, undecided
from streamchat_conformance.dialects.openai.usage import usage_chunks, usage_problems
from streamchat_conformance.dialects.openai.wanted import MOST_CHOICES, Wanted

KEPT_PER_ROW = 3
"""Problems that are kept of each requirement."""

TOOLS = (
    "openai.tool-index",
    "openai.tool-index-dense",
    "openai.tool-head",
    "openai.tool-id-stable",
    "openai.tool-head-once",
    "openai.tool-arguments-type",
)


@dataclass(slots=True)
class Transcript:
    """An answer, as far as it came."""

    wanted: Wanted
    torn: bool = False
    """Whether some of it stands in fields that are no part of an event."""
    data: list[Datum] = field(default_factory=list)
    chunks: list[Datum] = field(default_factory=list)
    """The chunks up to the end or the error."""
    choices: dict[int, ChoiceRecord] = field(default_factory=dict)
    calls: dict[int, list[ToolCall]] = field(default_factory=dict)
    """The tool calls of each choice that has any."""
    error: Datum | None = None
    """The first event that reports a failure, in whatever form."""
    end: Datum | None = None
    """The first event that is meant as the end."""
    problems: dict[str, list[Problem]] = field(default_factory=lambda: defaultdict(list))
    decided: set[str] = field(default_factory=set)

    @property
    def finished(self) -> bool:
        """Whether every choice that came has finished."""
        return bool(self.choices) and all(
            each.state is ChoiceState.FINISHED for each in self.choices.values()
        )

    @property
    def gapped(self) -> bool:
        """Whether an event before the end may have said something that cannot be read."""
        return any(datum.hides for datum in self.data)

    @property
    def usage(self) -> Any:
        """The last usage; None where none came."""
        found = usage_chunks(self.chunks)
        return found[-1].usage if found else None

    @property
    def text(self) -> str:
        """The content of the first choice."""
        return self.choices[0].text if 0 in self.choices else ""

    @property
    def said_something(self) -> bool:
        """Whether any choice said anything."""
        return any(each.said_something for each in self.choices.values())

    def add(self, *problems: Problem) -> None:
        """Keep what is wrong, a few of each requirement."""
        for problem in problems:
            if len(self.problems[problem.row]) < KEPT_PER_ROW:
                self.problems[problem.row].append(problem)


def transcript_of(
    events: Sequence[Block],
    payloads: Sequence[tuple[Block, JsonReading]],
    wanted: Wanted,
    *,
    whole: bool,
    torn: bool = False,
) -> Transcript:
    """Return what a stream said.

    `whole` says that its body came to a proper end; for `torn` see `Transcript`.
    """
    found = Transcript(wanted, torn=torn)
    found.data = list(classified(events, payloads))
    for datum in found.data:
        _take(found, datum)
    ended = whole or found.end is not None
    _look_at_identity(found)
    _look_at_choices(found, ended=ended)
    _look_at_tools(found, ended=ended)
    _look_at_usage(found, ended=ended)
    for row in undecided(
        found.problems, gapped=found.gapped or found.torn, choices=found.wanted.choices
    ):
        found.problems.pop(row, None)
        found.decided.discard(row)
    return found


def _take(found: Transcript, datum: Datum) -> None:
    if found.end is not None:
        found.decided.add("openai.done-once")
        message = "an event follows the end; some clients append it to the answer"
        found.add(Problem("openai.done-once", datum, message, "[DONE] once, as the last event"))
        return
    if datum.kind in (DatumKind.END, DatumKind.NEARLY_END):
        found.end = datum
        found.decided |= {"openai.done", "openai.done-exact"}
        if datum.kind is DatumKind.NEARLY_END:
            message = "the last event's data is not exactly [DONE]"
            found.add(Problem("openai.done-exact", datum, message, "data: [DONE]"))
        return
    if found.error is not None:
        _take_after_error(found, datum)
        return
    if datum.kind is DatumKind.MISSHAPEN_ERROR and datum.block.index == 0:
        found.error = datum  # whatever its form, it is openai.error-not-streamed
        return
    if datum.kind in (DatumKind.ERROR, DatumKind.MISSHAPEN_ERROR):
        found.error = datum
        found.add(*_error_problems(datum))
        found.decided |= {"openai.fault-error-event", "openai.fault-not-success"}
        found.decided |= {"openai.fault-message"} if datum.kind is DatumKind.ERROR else set()
    if datum.kind in (DatumKind.FOREIGN, DatumKind.MISSHAPEN_ERROR):
        found.add(_foreign(datum))
    if datum.kind is DatumKind.CHUNK:
        found.decided.add("openai.only-chunks")
        found.decided |= ROWS.keys()
        found.chunks.append(datum)
        found.add(*shape_problems(datum, found.wanted.choices))
        _take_choices(found, datum)


def _foreign(datum: Datum) -> Problem:
    message = "an event is neither a chunk nor an error: openai-python and -node stop with one"
    expected = 'a chunk, {"error": {…}} or [DONE]; a comment to keep the connection alive'
    return Problem("openai.only-chunks", datum, message, expected)


def _take_choices(found: Transcript, datum: Datum) -> None:
    for choice in datum.choices:
        index = choice.get("index")
        if found.wanted.choices == 1:
            index = 0  # another one is openai.choice-index, and no other choice
        if not is_int(index) or not 0 <= index < MOST_CHOICES:
            continue
        if not found.choices and found.wanted.choices > 1:
            found.decided.add("openai.n-order")
            if index != 0:
                message = f"choice {index} comes before choice 0: openai-python stops with an error"
                found.add(Problem("openai.n-order", datum, message, "choice 0 first"))
        record = found.choices.setdefault(index, ChoiceRecord(index))
        problems = list(record.take(datum, choice))
        found.decided.update(ORDER)
        if record.spoke and index == 0:
            found.decided.add("openai.role-present")
        # What another choice lacks is openai.n-choices.
        found.add(*(each for each in problems if not index or each.row != "openai.role-present"))


def _take_after_error(found: Transcript, datum: Datum) -> None:
    found.decided.add("openai.fault-ends")
    if datum.kind is DatumKind.FOREIGN:
        found.add(_foreign(datum))
    for choice in datum.choices if datum.kind is DatumKind.CHUNK else ():
        delta = delta_of(choice)
        if speaks(delta) or thinks(delta):
            message = "text follows the error"
            found.add(Problem("openai.fault-ends", datum, message, "the end of the stream"))
        if choice.get("finish_reason") in ("stop", "length", "tool_calls"):
            message = f"after the error the answer finishes with {choice['finish_reason']!r}"
            expected = "no `finish_reason` of an answer that went well"
            found.add(Problem("openai.fault-not-success", datum, message, expected))


def _error_problems(datum: Datum) -> Iterator[Problem]:
    expected = 'data: {"error": {"message": "…", "type": "…", "code": …}}'
    if datum.kind is DatumKind.MISSHAPEN_ERROR:
        message = "a failure is reported in a form that clients take for the end of the answer"
        yield Problem("openai.fault-error-event", datum, message, expected)
        return
    error = datum.value["error"]
    text = error.get("message") if isinstance(error, dict) else None
    if not (isinstance(text, str) and text.strip()):
        message = "`error` has no message: openai-python shows another text in its place"
        yield Problem("openai.fault-message", datum, message, expected)


def _look_at_identity(found: Transcript) -> None:
    of_answer = [each for each in found.chunks if not (each.empty or each.filtered)]
    for row, name, message in (
        ("openai.id-stable", "id", "`id` changes: openai-go rejects every later chunk"),
        ("openai.model", "model", "`model` changes within an answer"),
        ("openai.created-stable", "created", "`created` changes within an answer"),
    ):
        if name == "created" and "openai.created-seconds" in found.problems:
            continue
        named = [each for each in of_answer if each.value.get(name) not in (None, "")]
        if len(named) > 1:
            found.decided.add(row)
        odd = next((each for each in named if each.value[name] != named[0].value[name]), None)
        if odd is not None and isinstance(odd.value[name], str | int):
            expected = f'"{name}": {named[0].value[name]!r} in each chunk'[:120]
            found.add(Problem(row, odd, message, expected))


def _look_at_choices(found: Transcript, *, ended: bool) -> None:
    if not ended or found.error is not None:
        return
    choice = found.choices.get(0)
    if choice is None:
        if found.wanted.choices > 1 and found.choices:
            found.add(_incomplete(found, 0, "never came"))
        return
    found.decided.add("openai.finish-present")
    # That the reason was an empty string is openai.finish-not-empty.
    if choice.state is not ChoiceState.FINISHED and not choice.emptily_finished:
        message = (
            "the stream is over, and no `finish_reason` came: nobody knows whether it is whole"
        )
        expected = (
            '"finish_reason": "stop" (or length, tool_calls, …) in a last chunk of the choice'
        )
        found.add(Problem("openai.finish-present", found.chunks[-1], message, expected))
    if found.wanted.choices > 1 and len(found.choices) == 1 and choice.lumped(found.wanted.choices):
        found.decided.add("openai.n-choices")
        found.add(_incomplete(found, 1, "never came: its chunks name choice 0"))
    if found.wanted.choices > 1 and len(found.choices) > 1:
        found.decided.add("openai.n-choices")
        # What the first choice lacks as well has a requirement of its own.
        stops = found.wanted.stops
        first = _lacks(choice, stops=stops)
        spoken = any(each.spoke for each in found.choices.values())
        for index in range(found.wanted.choices):
            problem = _lacks(found.choices.get(index), stops=stops)
            # A reason or a role that the first choice lacks has a requirement of its own.
            of_first = problem == "has no text" and spoken
            if problem and (of_first if index == 0 else problem != first):
                found.add(_incomplete(found, index, problem))


def _incomplete(found: Transcript, index: int, problem: str) -> Problem:
    expected = "for each choice a role, text and a `finish_reason`"
    return Problem("openai.n-choices", found.chunks[-1], f"choice {index} {problem}", expected)


def _lacks(choice: ChoiceRecord | None, *, stops: bool) -> str:
    """Return what a choice lacks, or an empty string."""
    if choice is None:
        return "never came"
    if choice.state is not ChoiceState.FINISHED and not choice.emptily_finished:
        return "has no `finish_reason`"
    # At its limit a choice may have thoughts only, and OpenAI's models keep those to themselves.
    if choice.finish == "content_filter" or (choice.finish == "length" and not choice.spoke):
        return ""
    if not choice.spoke and not stops:
        return "has no text"
    return "" if choice.roles else "has no role"


def _look_at_tools(found: Transcript, *, ended: bool) -> None:
    for index, choice in found.choices.items():
        if found.wanted.tools and choice.content:
            found.decided.add("openai.tool-no-leak")
            mark = next((each for each in MARKUP if each in choice.text), "")
            if mark:
                message = f"the content has the model's own mark of a tool call ({mark})"
                at = next(
                    (each for each in found.chunks if mark[:1] in _contents(each)), found.chunks[0]
                )
                expected = "tool calls in `tool_calls` only"
                found.add(Problem("openai.tool-no-leak", at, message, expected))
        if not choice.tool_pieces:
            continue
        others = {call.id for calls in found.calls.values() for call in calls}
        calls, problems = gathered(choice, custom=found.wanted.custom_tools, ids=others)
        found.calls[index] = calls
        found.decided.update(TOOLS)
        if len(calls) > 1:
            found.decided.add("openai.tool-index-distinct")
        found.add(*problems)
        if ended and choice.state is ChoiceState.FINISHED:
            found.add(*_whole_calls(found, choice, calls))


def _contents(datum: Datum) -> str:
    texts = (delta_of(choice).get("content") for choice in datum.choices)
    return "".join(text for text in texts if isinstance(text, str))


def _whole_calls(
    found: Transcript, choice: ChoiceRecord, calls: Sequence[ToolCall]
) -> Iterator[Problem]:
    found.decided |= {"openai.tool-arguments-once"}
    named = all(call.name for call in calls)
    for call in calls:
        if call.free:
            continue
        if message := repeated(call):
            yield Problem("openai.tool-arguments-once", call.head, message, "one JSON object")
        elif choice.finish != "length" and not call.odd and named:
            found.decided.add("openai.tool-arguments-json")
            if not is_object(call.text):
                message = f"the arguments of a call are no JSON object: {call.text[:120]!r}"
                yield Problem("openai.tool-arguments-json", call.head, message, "one JSON object")
    right = {"tool_calls"}
    chosen = found.wanted.tool_choice
    if isinstance(chosen, dict) and chosen.get("type") != "allowed_tools":
        right.add("stop")  # what OpenAI itself sends where one function is named
    # Another word is openai.finish-enum, a call that comes too late openai.nothing-after-finish.
    late = "openai.nothing-after-finish" in found.problems
    known = choice.finish in FINISH_REASONS - {"length", "content_filter"}
    if found.wanted.tools and known and not late:
        found.decided.add("openai.tool-finish")
        if choice.finish not in right and choice.finished_at is not None:
            message = f"a tool was called, and the answer finishes with {choice.finish!r}"
            yield Problem(
                "openai.tool-finish", choice.finished_at, message, '"finish_reason": "tool_calls"'
            )


def _look_at_usage(found: Transcript, *, ended: bool) -> None:
    chunks = found.chunks
    if usage_chunks(chunks):
        found.decided |= {"openai.usage-shape", "openai.usage-chunk"}
        if ended and found.error is None:
            found.decided |= {"openai.usage-plausible", "openai.usage-once"}
            found.decided |= {"openai.usage-after-finish"} if found.finished else set()
    found.add(
        *usage_problems(
            chunks,
            list(found.choices.values()),
            continuous=found.wanted.continuous_usage,
            finished=found.finished,
            whole=ended and found.error is None,
        )
    )
    if not ended or found.error is not None or not found.finished:
        return
    if found.wanted.usage:
        found.decided.add("openai.usage-honoured")
        if all(each.usage is None for each in found.data):
            message = "usage was asked for, and none came"
            expected = "a last chunk with `choices: []` and the usage"
            found.add(Problem("openai.usage-honoured", chunks[-1], message, expected))
    elif found.wanted.stream_options is None:
        found.decided.add("openai.usage-unasked")
        odd = next((each for each in usage_chunks(chunks) if each.value.get("choices") == []), None)
        if odd is not None:
            message = "a chunk with usage and no choices comes, which nobody asked for"
            expected = "such a chunk only with stream_options.include_usage"
            found.add(Problem("openai.usage-unasked", odd, message, expected))
