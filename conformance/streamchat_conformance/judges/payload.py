"""payload: what the events say."""

from __future__ import annotations

from collections.abc import Iterator

from streamchat_conformance.catalogue import ECHO, MUST, SHOULD
from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.http1 import Framing
from streamchat_conformance.core.strict_json import JsonReading, read_json
from streamchat_conformance.judges.halves import half_pairs
from streamchat_conformance.judges.hazards import (
    has_separators,
    hazard_breach,
    injected_data,
    injected_events,
    intrudes,
    lost_separators,
    torn_lines,
)
from streamchat_conformance.judges.judge import Verdict, judge, unless
from streamchat_conformance.judges.reading import Reading, strings
from streamchat_conformance.judges.splices import broken_lines, splices
from streamchat_conformance.judges.sse import show

REPLACEMENT = "\ufffd"
SHOWN_BYTES = 400
"""How much of an event's data a finding shows: what is wrong may stand at its end (bytes)."""


def unfit(reading: Reading) -> bool:
    return not reading.judges_stream or bool(hazard_breach(reading))


def block_nonconformity(
    reading: Reading, block: Block, message: str, expected: str, received: str = ""
) -> Nonconformity:
    data = block.event.data if block.event else ""
    received = received or show(data.encode("utf-8", "surrogatepass"), SHOWN_BYTES)
    return Nonconformity(message, expected, received, reading.wire(block))


@judge(
    "payload.json",
    MUST,
    "Each event's data is exactly one strict JSON text.",
    source="article; RFC 8259; EricLBuehler/mistral.rs#1874, ggml-org/llama.cpp#14268, "
    "infiniflow/ragflow#15266",
)
@unless(unfit)
def json(reading: Reading) -> Verdict:
    # One cause, one red: a line end inside the data is sse.fields, a comment sse.comments.
    torn = (*splices(reading), *broken_lines(reading))
    spliced = {lines[0].offset for lines in torn}
    findings = []
    for block, payload in reading.payloads:
        if any(line.offset in spliced for line in block.lines):
            continue
        problem = payload.error.message if payload.error else None
        # RFC 8259 section 6: NaN and the infinities are not numbers of JSON.
        if payload.non_finite:
            problem = "it has a number that JSON does not have (NaN or an infinity)"
        if problem is not None and _are_two_events(reading, block):
            problem = "no blank line separates it from the event behind it"
        if problem is not None:
            findings.append(
                block_nonconformity(
                    reading,
                    block,
                    f"the data is not one strict JSON text: {problem}",
                    "one JSON object, and nothing else",
                )
            )
    return findings


def _are_two_events(reading: Reading, block: Block) -> bool:
    """Return whether each data line of a block is an event's whole data by itself."""
    lines = [line.value.decode("utf-8", "replace") for line in block.lines if line.name == "data"]
    whole = (reading.dialect.marks_end(each) or read_json(each).error is None for each in lines)
    return len(lines) > 1 and all(whole)


def content_events(reading: Reading) -> Iterator[tuple[Block, JsonReading]]:
    """Yield the content events whose data is JSON."""
    for block, payload in reading.payloads:
        named = block.event is not None and block.event.type in reading.dialect.content_events
        if named and payload.error is None:
            yield block, payload


@judge("payload.object", MUST, "Each event's data is a JSON object.", source="article")
@unless(unfit)
def object_(reading: Reading) -> Verdict:
    return [
        block_nonconformity(
            reading,
            block,
            "clients take members of an object",
            "{…}",
        )
        for block, payload in content_events(reading)
        if not isinstance(payload.value, dict)
    ]


@judge(
    "payload.unique-keys",
    SHOULD,
    "No member name occurs twice in an object.",
    source="RFC 7493 section 2.3",
)
@unless(unfit)
def unique_keys(reading: Reading) -> Verdict:
    return [
        block_nonconformity(
            reading,
            block,
            f"readers pick different ones of {sorted(payload.duplicate_names)[:4]}",
            "each member once",
        )
        for block, payload in content_events(reading)
        if payload.duplicate_names
    ]


@judge(
    "payload.no-replacement",
    MUST,
    "No U+FFFD comes that the request did not contain.",
    source="Luce-Org/lucebox#641, danielmiessler/Fabric#2203",
)
def no_replacement(reading: Reading) -> Verdict:
    # A replacement of an escaped lone surrogate is one of the right answers to it.
    if unfit(reading) or reading.asked.row == "request.lone-surrogate":
        return None
    if any(REPLACEMENT in text for text in reading.texts):
        return None
    return [
        block_nonconformity(
            reading,
            block,
            "a character was cut in two somewhere and replaced",
            "the character itself",
        )
        for block, payload in reading.payloads
        if payload.error is None and any(REPLACEMENT in text for text in strings(payload.value))
    ]


@judge(
    "payload.whole-characters",
    MUST,
    "No string holds half a surrogate pair: a character never comes in two events.",
    source="RFC 8259 section 8.2; RFC 7493 section 2.1",
)
@unless(unfit)
def whole_characters(reading: Reading) -> Verdict:
    # A request with half a pair is request.lone-surrogate, and its stream is not judged here.
    message = "a character was cut in two; no client can join the halves of different events"
    expected = "whole characters: the rest is held back until the next event"
    halves = {line.offset for line in half_pairs(reading)}
    return [
        block_nonconformity(reading, block, message, expected)
        for block, payload in reading.payloads
        if payload.lone_surrogates
    ] + [
        Nonconformity(message, expected, show(line.content), reading.wire(line))
        for line in reading.stream.lines
        if line.offset in halves
    ]


@judge(
    "payload.nonempty",
    MUST,
    "A valid request yields at least one event.",
    source="BerriAI/litellm#40578",
)
def nonempty(reading: Reading) -> Verdict:
    if not reading.judges_stream:
        return None
    if reading.events:
        return []
    if not reading.ended or reading.intruder_offset is not None:
        return None
    # What cannot be decoded may well have events.
    if reading.coding_error is not None:
        return None
    # A stream that was cut is reported by transport.terminated.
    if not reading.ended_well and reading.response.framing is not Framing.CLOSE:
        return None
    # Lines that lost an event are reported by the requirement they break.
    if any(line.oddities or line.name in ("data", "event") for line in reading.stream.lines):
        return []
    return [
        Nonconformity(
            "the stream was over before it had said anything",
            "one event at least",
            show(reading.body) if reading.body else "an empty body",
        )
    ]


def is_plain(reading: Reading, *also: str) -> bool:
    """Return whether a plain request says what a model answers: to noise it may say nothing.

    `also` are requirements about requests of the dialect that are plain but for their head.
    """
    readable = all(map(_is_readable, reading.texts))
    return readable and reading.asked.row in (reading.dialect.plain_row, *also)


def _is_readable(text: str) -> bool:
    return text.isascii() and text.isprintable() and any(map(str.isalpha, text))


def echoing(reading: Reading) -> bool:
    return reading.judges_stream and reading.asked.expectation is Expectation.ACCEPT


@judge(
    "payload.line-separators",
    MUST,
    "Line separators of any kind inside prompt or history add no line and come back.",
    source="florimondmanca/httpx-sse#34, fastapi/fastapi#15608, mpetrunic/fastify-sse-v2#93",
    needs=ECHO,
)
def line_separators(reading: Reading) -> Verdict:
    if not echoing(reading) or not has_separators(reading):
        return None
    if injected_events(reading) or torn_lines(reading) or intrudes(reading):
        return None
    harm = hazard_breach(reading) or lost_separators(reading)
    if not harm:
        return []
    return [
        Nonconformity(
            harm,
            "the separator escaped inside the JSON string",
            show(reading.body),
        )
    ]


@judge(
    "payload.no-injection",
    MUST,
    "Text of the request adds no event, line or comment, wherever the server repeats it.",
    source="fastapi/fastapi#15187",
    needs=ECHO,
)
def no_injection(reading: Reading) -> Verdict:
    if not echoing(reading):
        return None
    torn = torn_lines(reading)
    intruder = reading.intruder_offset if intrudes(reading) else None
    if not torn and intruder is None and not injected_data(reading):
        return None
    message = "whoever writes the prompt can speak for the server"
    expected = "the text inside the event's JSON, escaped"
    torn_message = f"{message}: text that it repeats outside the data became a line of its own"
    apart = "line ends taken out, or the text in the data alone"
    found = [
        block_nonconformity(reading, block, message, expected) for block in injected_events(reading)
    ] + [
        Nonconformity(torn_message, apart, show(line.content), reading.wire(line)) for line in torn
    ]
    if intruder is not None and not found:
        # What looks like another response is not read as lines of the stream any more.
        text = show(reading.body[intruder : intruder + SHOWN_BYTES])
        at = None if reading.codings else reading.response.wire_offset(intruder)
        found.append(Nonconformity(torn_message, apart, text, at))
    return found
