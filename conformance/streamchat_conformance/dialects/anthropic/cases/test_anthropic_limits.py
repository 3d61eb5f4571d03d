"""anthropic: max_tokens and stop_sequences end a message.

Servers that know neither answer as if they were absent: the user pays for text that nobody asked
for, and an agent reads on behind its own mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from streamchat_conformance.catalogue import SHOULD
from streamchat_conformance.dialects.anthropic.cases.test_anthropic import base
from streamchat_conformance.dialects.anthropic.judges.requests import REQUEST
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.kinds import COUNTING
from streamchat_conformance.dialects.anthropic.requests import MessageRequest
from streamchat_conformance.dialects.anthropic.rules import requirement
from streamchat_conformance.dialects.anthropic.shapes import tokens_of
from streamchat_conformance.dialects.anthropic.transcript import REASONS, MessageTranscript
from streamchat_conformance.dialects.chat_messages.stop_sequences import across_pieces, middle_of
from streamchat_conformance.dialects.chat_messages.token_limits import SHORT_CAP, exceeds
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.whole_answers import whole
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

MANY_WORDS = 3 * SHORT_CAP
"""No answer of `SHORT_CAP` tokens has this many words."""


def _finished(
    target: Target, request: MessageRequest, what: str
) -> tuple[Reading, MessageTranscript]:
    """Return a whole message. Raises NotApplicable where none comes, or one with a fault."""
    target.require_stream()
    reading = whole(target, request, what)
    if reading.refused:
        raise NotApplicable(f"the server refuses {what} with {reading.status}")
    found = transcript(reading)
    if found is None or not found.finished or found.gapped:
        raise NotApplicable(f"no whole message came for {what}")
    return reading, found


@requirement(
    "anthropic.max-tokens",
    SHOULD,
    "A message has at most max_tokens tokens, and stop_reason max_tokens where that cuts it.",
    source=f"{REQUEST}; webai-at-home/webai-at-home#210, raullenchai/Rapid-MLX#826",
)
@costs(2)
def test_a_message_keeps_its_limit_of_tokens(target: Target) -> None:
    request = base(target).saying(COUNTING).with_options(temperature=0)
    reading, found = _finished(target, request.capped(SHORT_CAP), f"max_tokens: {SHORT_CAP}")
    tokens = tokens_of(found.last_delta) if found.last_delta is not None else None
    words = len(found.text.split())
    received = f"{tokens} tokens, as its usage counts them" if exceeds(tokens, SHORT_CAP) else ""
    if words >= MANY_WORDS:
        received = f"{words} words"
    if received:
        message = f"the message has {received}, and the limit is {SHORT_CAP} tokens"
        raise violation("anthropic.max-tokens", message, "a message within its limit", reading)
    if found.stop_reason != "max_tokens" and tokens != SHORT_CAP:
        raise NotApplicable("the message is short anyway")
    # Reasons that the reference does not have may be added to it.
    if found.stop_reason in REASONS - {"max_tokens"} and _goes_on(target, request, found.text):
        message = f"the limit cut the message, and its stop_reason is {found.stop_reason!r}"
        expected = '"stop_reason": "max_tokens"'
        raise violation("anthropic.max-tokens", message[:160], expected, reading)


def _goes_on(target: Target, request: MessageRequest, text: str) -> bool:
    """Return whether the same message is longer with another limit."""
    _, longer = _finished(target, request, "the same with a larger limit")
    return bool(text) and longer.text != text and longer.text.startswith(text)


@requirement(
    "anthropic.stop-sequences",
    SHOULD,
    "A message ends before a stop sequence, and its stop_reason is stop_sequence.",
    source=f"{REQUEST}; sgl-project/sglang#28601, vllm-project/vllm#45807",
)
@costs(5)
@independent()
def test_a_message_ends_before_a_stop_sequence(target: Target) -> None:
    same = base(target).saying(COUNTING).with_options(temperature=0)
    _, first = _finished(target, same, "the text without a stop sequence")
    _, again = _finished(target, same, "the text without a stop sequence, again")
    sequence = middle_of(first.text)
    if not sequence or again.text != first.text:
        raise NotApplicable("equal requests are answered differently, or with a short text")
    _check_stop(target, same, first.text, [sequence])
    border = across_pieces([text for block in first.blocks for text in block.texts["text_delta"]])
    for stops in ([ABSENT, sequence], *([[border]] if border else [])):
        # A server may take one stop sequence alone, or answer otherwise another time.
        with suppress(NotApplicable):
            _check_stop(target, same, first.text, stops)


ABSENT = "Streamchat-Conformance"
"""A stop sequence that no answer has."""


def _check_stop(target: Target, same: MessageRequest, text: str, stops: Sequence[str]) -> None:
    """Check how a message ends of whose text the last stop sequence alone stands in it."""
    sequence = stops[-1]
    stopped = same.with_options(stop_sequences=[*stops])
    reading, found = _finished(target, stopped, f"stop_sequences: {[*stops]!r}")
    expected = "the text before it"
    if sequence in found.text:
        message = f"the text has the stop sequence {sequence!r}"
        if len(stops) > 1:
            message = f"{message}, the last of {len(stops)}"
        raise violation("anthropic.stop-sequences", message, expected, reading)
    if found.text != text.partition(sequence)[0]:
        raise NotApplicable("another text came with the stop sequence")
    # Reasons that the reference does not have may be added to it.
    if found.stop_reason in REASONS - {"stop_sequence"}:
        message = f"a stop sequence ended the message, and its stop_reason is {found.stop_reason!r}"
        expected = '"stop_reason": "stop_sequence"'
        raise violation("anthropic.stop-sequences", message[:160], expected, reading)
    delta = found.last_delta.member("delta") if found.last_delta is not None else {}
    # Where it is absent, it is anthropic.message-delta-full.
    named = delta.get("stop_sequence", sequence)
    if found.stop_reason == "stop_sequence" and named != sequence:
        message = f"{sequence!r} ended the message, and its stop_sequence is {named!r}"
        expected = f'"stop_sequence": "{sequence}"'
        raise violation("anthropic.stop-sequences", message[:160], expected, reading)
