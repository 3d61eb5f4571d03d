"""anthropic: a message says the same in a stream and without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamchat_conformance.catalogue import SHOULD
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.anthropic.cases.test_anthropic import base
from streamchat_conformance.dialects.anthropic.data import is_int
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.kinds import COUNTING, SCRIPTS
from streamchat_conformance.dialects.anthropic.rules import requirement
from streamchat_conformance.dialects.chat_messages.differences import where_they_differ
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.whole_answers import whole
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

Said = tuple[str, str]
"""A text, and why it stopped."""
TWICE = 2
"""How often each is asked: a model that answers differently each time decides nothing."""


@requirement(
    "anthropic.content-parity",
    SHOULD,
    "The text of a stream is the text of the same message without a stream.",
    source="practice; llm-d/llm-d-inference-sim#30, EricLBuehler/mistral.rs#2326, jundot/omlx#2492",
)
@costs(6 * TWICE)
@independent()
def test_the_pieces_of_a_stream_are_the_whole_text(target: Target) -> None:
    target.require_stream()
    compared = False
    for request in (base(target), *map(base(target).saying, (COUNTING, SCRIPTS))):
        same = request.with_options(temperature=0)
        body = HttpRequest.chat(same.with_options(stream=False))
        streams = [whole(target, same, "the same message, streamed") for _ in range(TWICE)]
        bodies = [target.send(body, label="the same message, whole") for _ in range(TWICE)]
        streamed = [each for each in map(_streamed, streams) if each is not None]
        said = [each for each in map(_said, bodies) if each is not None]
        if not len(streamed) == len(said) == TWICE or len({*streamed}) > 1 or len({*said}) > 1:
            continue
        (text, reason), (whole_text, whole_reason) = streamed[0], said[0]
        # What stops for another reason is another answer, such as a refusal.
        if reason != whole_reason:
            continue
        if text != whole_text:
            streamed_piece, expected = where_they_differ(text, whole_text)
            message = f"the stream says {streamed_piece}"
            raise violation("anthropic.content-parity", message, expected, streams[0])
        compared = True
    if not compared:
        raise NotApplicable("equal requests are answered differently, or without text")


def _streamed(reading: Reading) -> Said | None:
    """Return what a whole stream says in which nothing is wrong that loses text."""
    found = transcript(reading)
    if found is None or not found.finished or found.gapped or found.problems.keys() & LOSING:
        return None
    # Clients append to the text with which a block begins.
    texts = [
        f"{block.head.get('text') or ''}{block.joined('text_delta')}"
        for block in found.blocks
        if block.type == "text"
    ]
    if not any(texts) and len(texts) == len(found.blocks):
        return None  # payload.nonempty
    return "".join(texts), str(found.stop_reason)


LOSING = {
    *("anthropic.event-named", "anthropic.event-name", "anthropic.delta-type"),
    *("anthropic.delta-shape", "anthropic.block-order", "anthropic.message-start-once"),
}
"""Requirements whose breach changes the text by itself."""


def _said(reading: Reading) -> Said | None:
    """Return what a message says that was not streamed."""
    value: Any = read_json(reading.body).value if reading.accepted else None
    content = value.get("content") if isinstance(value, dict) else None
    if not isinstance(content, list):
        return None
    texts = [
        block.get("text")
        for block in content
        if isinstance(block, dict) and block.get("type") == "text"
    ]
    strings = [text for text in texts if isinstance(text, str)]
    whole_text = "".join(strings) if strings and len(strings) == len(texts) else None
    return None if whole_text is None else (whole_text, str(value.get("stop_reason")))


@requirement(
    "anthropic.usage-parity",
    SHOULD,
    "The usage of a stream counts what the usage of the same message without a stream counts.",
    source="practice; BerriAI/litellm#1264",
)
@costs(4 * TWICE)
@independent()
def test_a_stream_counts_as_a_whole_message_does(target: Target) -> None:
    target.require_stream()
    for request in (base(target), base(target).saying(COUNTING)):
        same = request.with_options(temperature=0)
        body = HttpRequest.chat(same.with_options(stream=False))
        streams = [whole(target, same, "the same message, streamed") for _ in range(TWICE)]
        bodies = [target.send(body, label="the same message, whole") for _ in range(TWICE)]
        said = {*map(_streamed, streams), *map(_said, bodies)}
        counted = [_counts(usage) for usage in map(_usage_of_stream, streams)]
        whole_counts = [_counts(_usage_of(each)) for each in bodies]
        first, whole_first = counted[0], whole_counts[0]
        if len(said) != 1 or None in said or first is None or whole_first is None:
            continue
        if {*counted} != {first} or {*whole_counts} != {whole_first}:
            continue
        (read, written), (whole_read, whole_written) = first, whole_first
        # Servers that count the token which ends a message count one more.
        if read != whole_read or abs(written - whole_written) > 1:
            message = f"the stream counts {read} tokens of input and {written} of output"
            expected = f"{whole_read} and {whole_written}, as the whole message"
            raise violation("anthropic.usage-parity", message, expected, streams[0])
        return
    raise NotApplicable("equal requests are answered or counted differently")


_READ = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""The parts of what was read: which of them a prompt is, changes from request to request."""


def _counts(usage: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Return how many tokens were read, and how many written; None where that is not said."""
    if usage is None or not {"input_tokens", "output_tokens"} <= usage.keys():
        return None
    return sum(usage.get(name, 0) for name in _READ), usage["output_tokens"]


def _usage_of_stream(reading: Reading) -> Mapping[str, Any] | None:
    """Return the counts of a stream in which nothing is wrong: the last of each name."""
    found = transcript(reading)
    if found is None or not found.finished or found.problems:
        return None
    counts: dict[str, Any] = {}
    for event in found.events:
        usage = event.member("message").get("usage") or event.member("usage")
        counts |= _numbers(usage)
    return counts


def _usage_of(reading: Reading) -> Mapping[str, Any] | None:
    value = read_json(reading.body).value
    return _numbers(value.get("usage")) if isinstance(value, dict) else None


def _numbers(usage: Any) -> dict[str, int]:
    """Return the counts that are numbers."""
    members = usage.items() if isinstance(usage, dict) else ()
    return {name: value for name, value in members if is_int(value)}
