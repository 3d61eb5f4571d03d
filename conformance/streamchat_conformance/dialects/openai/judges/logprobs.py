"""openai: log probabilities of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from streamchat_conformance.catalogue import SHOULD
from streamchat_conformance.dialects.openai.capabilities import LOGPROBS
from streamchat_conformance.dialects.openai.chunk_shape import Problem
from streamchat_conformance.dialects.openai.data import Datum
from streamchat_conformance.dialects.openai.judges.streams import transcript
from streamchat_conformance.dialects.openai.machine import ChoiceRecord
from streamchat_conformance.dialects.openai.rules import judge
from streamchat_conformance.judges.judge import Verdict
from streamchat_conformance.judges.payload import REPLACEMENT
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.record import nonconformities_of

ROW = "openai.logprobs"
ENTRY = '{"token": "…", "logprob": -0.3, "bytes": [ … ], "top_logprobs": [ … ]}'


@judge(
    ROW,
    SHOULD,
    "Each token has its log probability, and the tokens' bytes are the content's.",
    source="OpenAI API description (ChatCompletionTokenLogprob); sgl-project/sglang#26778, "
    "ml-explore/mlx-lm#1630",
    needs=LOGPROBS,
)
def logprobs(reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None or not reading.asked.values.get("options", {}).get("logprobs"):
        return None
    for other in found.choices.values():
        for datum, each in other.logprobs:
            problem = next(filter(None, map(_wrong, _entries(each))), "")
            if problem:
                return nonconformities_of(reading, [Problem(ROW, datum, problem, ENTRY)])
    choice = found.choices.get(0)
    if choice is None or not choice.logprobs:
        return None
    entries = [(datum, entry) for datum, each in choice.logprobs for entry in _entries(each)]
    if not found.finished or not _comparable(choice, entries):
        return [] if entries else None
    parts = [entry["bytes"] for _, entry in entries]
    joined = bytes(byte for part in parts for byte in part)
    if joined == choice.text.encode("utf-8", "surrogatepass"):
        return []
    message = f"the tokens' bytes are {joined[:60]!r}, and the content is another text"
    expected = repr(choice.text[:60])
    return nonconformities_of(reading, [Problem(ROW, entries[-1][0], message, expected)])


def _entries(logprobs: dict[str, Any]) -> list[Any]:
    content = logprobs.get("content")
    return content if isinstance(content, list) else []


def _wrong(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "an entry of `logprobs.content` is no object"
    if not isinstance(entry.get("token"), str):
        return "an entry of `logprobs.content` has no `token`"
    probability = entry.get("logprob")
    if not isinstance(probability, int | Decimal) or isinstance(probability, bool):
        return "an entry of `logprobs.content` has no `logprob`"
    if probability > 0:
        return f"a `logprob` is {probability}, and no probability is above 1"
    if "bytes" not in entry or "top_logprobs" not in entry:
        return "an entry of `logprobs.content` lacks `bytes` or `top_logprobs`"
    part = entry["bytes"]
    whole = isinstance(part, list) and all(
        isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 256 for each in part
    )
    if part is not None and not whole:
        return "`bytes` of an entry are no list of bytes"
    top = entry["top_logprobs"]
    if not isinstance(top, list):
        return "`top_logprobs` is no list"
    if all(map(_is_alternative, top)):
        return ""
    return "an entry of `top_logprobs` has no `token` or no `logprob`"


def _is_alternative(entry: Any) -> bool:
    """Return whether an entry of `top_logprobs` has a token and a probability."""
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
        return False
    probability = entry.get("logprob")
    if not isinstance(probability, int | Decimal) or isinstance(probability, bool):
        return False
    return probability <= 0


def _comparable(choice: ChoiceRecord, entries: Sequence[tuple[Datum, Any]]) -> bool:
    """Return whether the tokens say the content and nothing else."""
    if choice.thoughts or choice.tool_pieces or choice.refused or REPLACEMENT in choice.text:
        return False
    return bool(entries) and all(entry["bytes"] is not None for _, entry in entries)
