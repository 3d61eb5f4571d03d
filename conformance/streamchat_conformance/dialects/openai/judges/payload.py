"""payload: what an answer brings, where it differs from what other endpoints bring."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.dialects.openai.judges.streams import transcript
from streamchat_conformance.dialects.openai.rules import judge
from streamchat_conformance.dialects.openai.transcript import Transcript
from streamchat_conformance.judges.judge import Verdict
from streamchat_conformance.judges.payload import is_plain
from streamchat_conformance.judges.payload import nonempty as any_event
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.replaced import judge_replaced
from streamchat_conformance.judges.sse import show


@judge(
    "payload.nonempty",
    MUST,
    "A plain request yields text, reasoning, a refusal or a tool call.",
    source="BerriAI/litellm#40578",
)
def nonempty(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None:
        return None
    nothing = any_event.decide(reading)
    if nothing is None or list(nothing):
        return nothing
    if not is_plain(reading) or not _came_to_an_end(reading, found):
        return None
    if found.said_something or any(
        choice.finish in ("length", "content_filter") for choice in found.choices.values()
    ):
        return []
    message = "the stream was over, and no chunk had any text"
    expected = '"delta": {"content": "…"} in one chunk at least'
    return [Nonconformity(message, expected, show(reading.body[-160:]))]


def _came_to_an_end(reading: Reading, found: Transcript) -> bool:
    # Chunks that are broken lose their text: that has requirements of its own.
    broken = any(
        row in found.problems for row in ("openai.choices", "openai.delta", "openai.only-chunks")
    )
    return reading.ended_well and found.error is None and not broken and not found.gapped


@judge(
    "payload.no-replacement",
    MUST,
    "Text of the request that comes back has no U+FFFD in place of a character.",
    source="mudler/LocalAI#677, vllm-project/vllm#931, oobabooga/textgen#1603",
)
def no_replacement(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None or not found.finished or found.wanted.choices > 1:
        return None
    return judge_replaced(reading, found.text)
