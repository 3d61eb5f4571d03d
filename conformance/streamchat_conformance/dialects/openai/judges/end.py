"""openai: how a stream ends, and blocks without data."""

from __future__ import annotations

from streamchat_conformance.catalogue import FAULT, MUST, SHOULD
from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.dialects.openai.data import SENTINEL, DatumKind
from streamchat_conformance.dialects.openai.judges.streams import transcript
from streamchat_conformance.dialects.openai.rules import judge
from streamchat_conformance.dialects.openai.stream_rows import USAGE
from streamchat_conformance.judges.ending import open_s, silent_s
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.payload import block_nonconformity
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.record import nonconformities_of
from streamchat_conformance.judges.sse import show

ENDS_WITHIN_S = 5.0
"""How long a body may go on after its last event (seconds)."""


def _is_no_data(block: Block | None) -> bool:
    """Return whether the sentinel stands in a block without `data:` before it; see sse.fields."""
    word = SENTINEL.strip("[]")
    lines = block.lines if block is not None else ()
    return any(line.name and line.name != "data" and word in line.name.upper() for line in lines)


def _last_lines(reading: Reading) -> bytes:
    return reading.body[-160:]


@judge(
    "openai.done",
    MUST,
    "A stream ends with the event [DONE], unless an error came.",
    source=f"{USAGE}; waybarrios/vllm-mlx#101, huggingface/text-generation-inference#2221, "
    "EricLBuehler/mistral.rs#1226, diegosouzapw/OmniRoute#6777",
)
def done(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None or found.error is not None or not found.chunks or found.torn:
        return None
    if found.end is not None:
        return []
    # Without its blank line the last event is sse.final-blank-line.
    tail = reading.stream.blocks[-1] if reading.stream.blocks else None
    if tail is not None and not tail.complete and SENTINEL.encode() in _last_lines(reading):
        return None
    last = found.data[-1]
    # What cannot be read may be an end, joined to other data or in other words, or a failure.
    if last.hides or last.kind is DatumKind.FOREIGN or _is_no_data(tail):
        return None
    # One cause, one red: a stream that stops before its choices finish is openai.finish-present.
    if found.choices and not found.finished and "openai.finish-present" in found.problems:
        return None
    if not reading.ended_well and not (
        found.finished and not reading.ended and silent_s(reading, last.at_s) >= ENDS_WITHIN_S
    ):
        return None
    how = "the stream ends" if reading.ended else "after the last chunk nothing comes"
    message = f"{how} without [DONE]: clients that wait for it hang, or report an error"
    received = show(_last_lines(reading))
    return [Nonconformity(message, "data: [DONE]", received, timed=not reading.ended)]


@judge(
    "openai.done-once",
    SHOULD,
    "[DONE] comes once, and no event follows it.",
    source="practice (the Vercel AI SDK appends what follows to the text); "
    "ray-project/ray#62246, songquanpeng/one-api#1628",
)
def done_once(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None or found.end is None:
        return None
    problems = found.problems.get("openai.done-once", [])
    if problems:
        return nonconformities_of(reading, problems)
    return [] if reading.ended_well else None


@judge(
    "openai.done-ends",
    MUST,
    "The body ends within 5 s after [DONE].",
    source="practice (the Vercel AI SDK waits for the end of the body); "
    "diegosouzapw/OmniRoute#6777, MiniMax-AI/MiniMax-M2#109",
)
def done_ends(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None or found.end is None:
        return None
    late_s = open_s(reading, found.end.at_s, ENDS_WITHIN_S)
    if late_s is None:
        return None
    if late_s < ENDS_WITHIN_S:
        return []
    message = "the body goes on after [DONE]: clients that read it to its end wait"
    received = f"{late_s:.1f} s after [DONE] the body was not over"
    return [Nonconformity(message, "the end of the body", received, timed=True)]


@judge(
    "openai.fault-ends",
    MUST,
    "After an error in mid-stream no text comes, and the body ends.",
    source="practice; waybarrios/vllm-mlx#167, EricLBuehler/mistral.rs#1874",
    needs=FAULT,
)
def fault_ends(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None or found.error is None:
        return None
    problems = found.problems.get("openai.fault-ends", [])
    if problems:
        return nonconformities_of(reading, problems)
    if reading.ended:
        return []
    last_s = found.data[-1].at_s
    if silent_s(reading, last_s) < ENDS_WITHIN_S:
        return None
    message = "the body goes on after the error: clients wait for more"
    received = f"{silent_s(reading, last_s):.1f} s of silence after the error"
    return [Nonconformity(message, "the end of the body", received, timed=True)]


@judge(
    "openai.no-dataless-block",
    MUST,
    "No block without data has an event, id or retry field, and no comment stands alone once an "
    "id was sent.",
    source="practice (openai-python and openai-node stop with an error); "
    "openai/openai-python#2722, theopenco/llmgateway#2334",
    evidence=Evidence.PART,
)
def no_dataless_block(reading: Reading) -> Verdict:
    answer_found = transcript(reading)
    if answer_found is None:
        return None
    found, id_seen = [], False
    for block in reading.stream.blocks:
        if answer_found.end is not None and block.index > answer_found.end.block.index:
            break  # what comes behind the end is read to nothing
        names = {line.name for line in block.lines}
        dataless = block.complete and "data" not in names
        fields = sorted(names & {"event", "id", "retry"})
        # To openai-python an empty id is none.
        ids = [line.value for line in block.lines if line.name == "id"]
        id_seen = bool(ids[-1]) if ids else id_seen
        if dataless and (fields or (id_seen and names == {""})):
            what = (
                f"a block has {' and '.join(fields)} and no data" if fields else "a comment block"
            )
            reason = "" if fields else " comes after an id was sent"
            message = f"{what}{reason}: openai-python reads its data as JSON, and stops"
            received = show(b"\n".join(line.content for line in block.lines))
            found.append(
                block_nonconformity(
                    reading,
                    block,
                    message,
                    "data in each block; without ids, a comment to keep the connection alive",
                    received,
                )
            )
    return found[:3]
