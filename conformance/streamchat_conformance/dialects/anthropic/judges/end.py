"""anthropic: how a stream ends, what keeps it alive, and what it brings."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.dialects.anthropic.classification import TOLERATED, is_ordinary
from streamchat_conformance.dialects.anthropic.data import EventKind
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.machine import STOP
from streamchat_conformance.dialects.anthropic.rules import judge
from streamchat_conformance.dialects.anthropic.stream_rows import STREAMING
from streamchat_conformance.judges.ending import open_s, silent_s
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.payload import block_nonconformity, is_plain
from streamchat_conformance.judges.payload import json as any_json
from streamchat_conformance.judges.payload import nonempty as any_event
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.record import nonconformities_of
from streamchat_conformance.judges.replaced import judge_replaced
from streamchat_conformance.judges.sse import show

ENDS_WITHIN_S = 2.0
"""How long a body may go on after message_stop, or after an error (seconds)."""
SILENT_S = 5.0
"""After this silence a message that has all but its message_stop gets none (seconds)."""


@judge(
    STOP,
    MUST,
    "A message ends with message_stop, and no event but ping follows it.",
    source=f"{STREAMING}; anthropics/anthropic-sdk-typescript#842",
)
def message_stop(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None or found.error is not None or not found.known:
        return None
    problems = found.problems.get(STOP, [])
    if problems:
        return nonconformities_of(reading, problems)
    if found.stop is not None:
        return []
    # Without its blank line the last event is sse.final-blank-line.
    tail = reading.stream.blocks[-1] if reading.stream.blocks else None
    if tail is not None and not tail.complete and b"message_stop" in reading.body[-160:]:
        return None
    # What cannot be read may be an end, or a failure; a message_stop without data is sse.data.
    if found.gapped or any(map(_is_bare_stop, reading.stream.blocks)):
        return None
    over = found.last_delta is not None and not reading.ended
    if not reading.ended_well and not (
        over and silent_s(reading, found.events[-1].at_s) >= SILENT_S
    ):
        return None
    how = "the stream ends" if reading.ended else "after message_delta nothing comes"
    message = f"{how} without message_stop: clients take the message for cut, or for whole"
    expected = 'event: message_stop, data: {"type": "message_stop"}'
    received = show(reading.body[-160:])
    return [Nonconformity(message, expected, received, timed=not reading.ended)]


def _is_bare_stop(block: Block) -> bool:
    """Return whether a block says that it is a message_stop, and has no data."""
    names = (line.value for line in block.lines if line.name == "event")
    return block.event is None and block.complete and any(name == b"message_stop" for name in names)


@judge(
    "anthropic.end-prompt",
    SHOULD,
    "The body ends within 2 s after message_stop, or after an error.",
    source=f"{STREAMING}; practice; earendil-works/pi#5592",
)
def end_prompt(reading: Reading) -> Verdict:
    found = transcript(reading)
    last = found.first(EventKind.STOP, EventKind.ERROR) if found is not None else None
    if last is None:
        return None
    late_s = open_s(reading, last.at_s, ENDS_WITHIN_S)
    if late_s is None:
        return None
    if late_s < ENDS_WITHIN_S:
        return []
    end = "the error" if last.kind is EventKind.ERROR else "message_stop"
    message = f"the body goes on after {end}: clients that read it to its end wait"
    received = f"{late_s:.1f} s after {end} the body was not over"
    return [Nonconformity(message, "the end of the body", received, timed=True)]


@judge(
    "anthropic.heartbeat",
    SHOULD,
    "While nothing is said an event ping of type ping comes at least every 15 s; comments do not "
    "count.",
    source=f"{STREAMING}; BerriAI/litellm#36024, diegosouzapw/OmniRoute#5063",
    evidence=Evidence.PART,
)
def heartbeat(reading: Reading) -> Verdict:
    found = transcript(reading)
    pings = [] if found is None else [e for e in found.events if e.kind is EventKind.PING]
    if not pings:
        return None
    message = "the data of a ping is no object of type ping: @ai-sdk/anthropic stops at it"
    expected = 'event: ping, data: {"type": "ping"}'
    return [
        block_nonconformity(reading, event.block, message, expected)
        for event in pings
        # A ping without a name is anthropic.event-named.
        if event.name and event.type != "ping"
    ][:3]


@judge(
    "payload.json",
    MUST,
    "Each event's data is exactly one strict JSON text.",
    source="RFC 8259; practice (official clients stop with an error)",
)
def json(reading: Reading) -> Verdict:
    found = any_json.decide(reading)
    if found is None:
        return None
    said = transcript(reading)
    # Without a name it is dropped by clients, and anthropic.no-sentinel; a named one is read.
    named = [
        event
        for event in (said.events if said is not None else [])
        if event.kind is EventKind.SENTINEL and event.name
    ]
    message = "the data is no JSON: official clients stop with an error"
    return [
        *found,
        *(block_nonconformity(reading, event.block, message, "a JSON object") for event in named),
    ]


@judge(
    "payload.nonempty",
    MUST,
    "A plain request yields text, a thought or a tool call.",
    source="BerriAI/litellm#40578, BerriAI/litellm#29286",
)
def nonempty(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None:
        return None
    nothing = any_event.decide(reading)
    if nothing is None or list(nothing):
        return nothing
    if not _is_plain(reading) or not reading.ended_well or not found.finished or found.gapped:
        return None
    if found.said_something or found.problems.keys() & LOSING:
        return []
    if found.stop_reason in ("max_tokens", "refusal", "model_context_window_exceeded"):
        return []
    message = "the message was over, and had no text"
    expected = '"delta": {"type": "text_delta", "text": "…"} once at least'
    return [Nonconformity(message, expected, show(reading.body[-160:]))]


@judge(
    "payload.no-replacement",
    MUST,
    "Text of the request that comes back has no U+FFFD in place of a character.",
    source="mudler/LocalAI#677, vllm-project/vllm#931, oobabooga/textgen#1603",
)
def no_replacement(reading: Reading) -> Verdict:
    found = transcript(reading)
    return judge_replaced(reading, found.text) if found is not None and found.finished else None


def _is_plain(reading: Reading) -> bool:
    options = reading.asked.values.get("options", {})
    members = {**options, "messages": reading.asked.values.get("messages")}
    few = options.keys() <= {"model", "max_tokens", "stream"}
    return is_plain(reading, TOLERATED) and few and is_ordinary(members)


LOSING = {
    *("anthropic.delta-shape", "anthropic.delta-type", "anthropic.block-order"),
    *("anthropic.event-named", "anthropic.event-name"),
}
"""Requirements whose breach loses text."""
