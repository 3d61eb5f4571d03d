"""openai: a stream next to the same answer without a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamchat_conformance.catalogue import SHOULD
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.chat_messages.differences import where_they_differ
from streamchat_conformance.dialects.openai.capabilities import (
    DETERMINISTIC,
    SAME,
    SEVERAL,
    USAGE,
    message_of,
    messages_of,
    plainly,
    text_of,
    with_tool,
    with_two_choices,
    with_usage,
)
from streamchat_conformance.dialects.openai.chunk_shape import REASONING_MEMBERS
from streamchat_conformance.dialects.openai.judges.streams import transcript
from streamchat_conformance.dialects.openai.machine import ChoiceRecord
from streamchat_conformance.dialects.openai.requests import CompletionRequest
from streamchat_conformance.dialects.openai.rules import requirement
from streamchat_conformance.dialects.openai.scenarios import base, counting, whole
from streamchat_conformance.dialects.openai.transcript import Transcript
from streamchat_conformance.dialects.openai.usage import counts_of
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

TWICE = 2
"""How often each is asked: a model that answers differently each time decides nothing."""
MARKED_TEXT = (
    "Repeat these lines, and nothing else: "
    '<b class="x">a &amp; b</b> \\n \\\\ it\'s {ok}\n\t- na\u00efve \u4f60\u597d \U0001f30d\n'
    "the last line"
)
"""A request for what is lost or changed on the way: marks, lines, and characters of many bytes."""
END_TOKENS = 1
"""What a count may differ by: some count the token that ends an answer (tokens)."""
_LOSING_CALLS = frozenset(
    {"openai.delta", "openai.choices", "openai.choice-index", "openai.nothing-after-finish"}
)
"""Requirements that say themselves why the calls of a stream cannot be read, as do those on tools.
"""
_MISCOUNTING = ("openai.usage-shape", "openai.usage-plausible", "openai.usage-after-finish")


def _text(reading: Reading) -> str:
    return text_of(reading.payloads)


def _streamed(target: Target, request: CompletionRequest, times: int = TWICE) -> list[Reading]:
    same = request.with_options(**SAME)
    return [whole(target, same, "the same answer, streamed") for _ in range(times)]


def _unstreamed(target: Target, request: CompletionRequest, times: int = TWICE) -> list[Reading]:
    asked: HttpRequest = plainly(request, **SAME)
    return [target.send(asked, label="the same answer, whole") for _ in range(times)]


def _aside(choice: ChoiceRecord, message: Mapping[str, Any]) -> bool:
    """Return whether some of an answer is not content: a refusal, calls, or thoughts.

    Thoughts that a whole answer keeps apart as well are no part of its content.
    """
    apart = any(message.get(name) for name in REASONING_MEMBERS)
    return bool(choice.refused or choice.tool_pieces or (choice.thoughts and not apart))


@requirement(
    "openai.content-parity",
    SHOULD,
    "The content of a stream is the content of the same answer without a stream.",
    source="practice; llm-d/llm-d-inference-sim#30, EricLBuehler/mistral.rs#2326, jundot/omlx#2492",
    needs=DETERMINISTIC,
)
@costs(8 * TWICE)
@independent()
def test_the_pieces_of_a_stream_are_the_whole_text(target: Target) -> None:
    target.require_stream()
    plain = base(target)
    requests = [plain, counting(target).capped(64), plain.saying(MARKED_TEXT)]
    if target.has(SEVERAL):
        requests.append(with_two_choices(plain))
    decided = False
    for request in requests:
        # What is equal once is equal; only what differs is asked again.
        readings, bodies = _streamed(target, request, 1), _unstreamed(target, request, 1)
        pairs = _different(readings, bodies)
        if pairs:
            readings += _streamed(target, request, TWICE - 1)
            bodies += _unstreamed(target, request, TWICE - 1)
            pairs = _different(readings, bodies)
        if pairs is None:
            continue
        decided = True
        for streamed, unstreamed in pairs:
            said, expected = where_they_differ(streamed, unstreamed)
            message = f"the stream says {said}"
            raise violation("openai.content-parity", message, expected, readings[0])
    if not decided:
        raise NotApplicable("equal requests are answered differently, or without text")


def _different(
    readings: Sequence[Reading], bodies: Sequence[Reading]
) -> list[tuple[str, str]] | None:
    """Return what choices say in streams, and otherwise in whole answers, where that differs.

    None where they cannot be compared: each has to be the same whenever it is asked for.
    """
    messages = [messages_of(reading.body) for reading in bodies]
    contents = [[message.get("content") for message in each] for each in messages]
    found = [transcript(reading) for reading in readings]
    if not contents[0] or any(each != contents[0] for each in contents):
        return None
    texts = []
    for each in found:
        if (
            each is None
            or not each.finished
            or each.gapped
            or len(each.choices) != len(contents[0])
        ):
            return None
        choices = [each.choices[index] for index in sorted(each.choices)]
        if any(map(_aside, choices, messages[0])):
            return None
        texts.append([choice.text for choice in choices])
    if any(each != texts[0] for each in texts):
        return None
    pairs = list(zip(texts[0], contents[0], strict=True))
    if not all(isinstance(content, str) for _, content in pairs):
        return None
    return [(text, str(content)) for text, content in pairs if text != content]


def _whole_counts(reading: Reading) -> dict[str, int]:
    """Return the counts of a completion that was not streamed."""
    value = read_json(reading.body).value
    return counts_of(value.get("usage") if isinstance(value, dict) else None)


@requirement(
    "openai.usage-parity",
    SHOULD,
    "The usage of a stream counts what the usage of the same answer without a stream counts.",
    source="practice; BerriAI/litellm#1264, tashfeenahmed/freellmapi#845",
    needs=USAGE,
)
@costs(4 * TWICE)
@independent()
def test_a_stream_counts_as_a_whole_answer_does(target: Target) -> None:
    target.require_stream()
    for request in (base(target), counting(target).capped(64)):
        readings = _streamed(target, with_usage(request))
        bodies = _unstreamed(target, request)
        found = [transcript(reading) for reading in readings]
        texts = {_text(reading) for reading in readings}
        texts |= {str(message_of(reading.body).get("content")) for reading in bodies}
        streamed = [counts_of(each.usage) for each in found if each is not None and each.finished]
        counted = [_whole_counts(reading) for reading in bodies]
        if len(texts) != 1 or len(streamed) != TWICE or any(map(_miscounts, found)):
            continue
        if streamed[0] != streamed[1] or counted[0] != counted[1]:
            continue
        prompt, answer = (
            abs(streamed[0][name] - counted[0][name])
            if name in streamed[0] and name in counted[0]
            else 0
            for name in ("prompt_tokens", "completion_tokens")
        )
        if prompt or answer > END_TOKENS:
            message = f"the usage of the stream is {streamed[0]}"
            raise violation("openai.usage-parity", message, str(counted[0]), readings[0])
        return
    raise NotApplicable("equal requests are answered or counted differently")


def _miscounts(found: Transcript | None) -> bool:
    return found is None or any(row in found.problems for row in _MISCOUNTING)


@requirement(
    "openai.tool-parity",
    SHOULD,
    "Where an answer calls a tool, it does so with and without a stream.",
    source="practice; ddalcu/mlx-serve#287, ollama/ollama#5796",
)
@costs(3 * TWICE)
@independent()
def test_a_stream_calls_what_a_whole_answer_calls(target: Target) -> None:
    target.require_stream()
    calling = with_tool(base(target))
    bodies = _unstreamed(target, calling)
    if bodies[0].refused:
        calling = calling.with_options(tool_choice="auto")
        bodies = _unstreamed(target, calling)
    called = [_called(message_of(reading.body)) for reading in bodies]
    if not all(called):
        raise NotApplicable("no tool is called without a stream")
    readings = _streamed(target, calling)
    for reading in readings:
        found = transcript(reading)
        if found is None or not found.finished or any(map(_loses_calls, found.problems)):
            raise NotApplicable("no sound stream came for a tool")
        if any(choice.tool_pieces for choice in found.choices.values()):
            return
    message = f"no tool is called, and without a stream {called[0]} is"
    raise violation("openai.tool-parity", message, "the call in pieces", readings[0])


def _called(message: dict[str, object]) -> str:
    """Return the name of the first tool that a whole answer calls; empty where there is none."""
    calls = message.get("tool_calls")
    first = calls[0] if isinstance(calls, list) and calls else None
    function = first.get("function") if isinstance(first, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else ""


def _loses_calls(row: str) -> bool:
    return row in _LOSING_CALLS or row.startswith("openai.tool-")
