"""Chunks with usage: their content and their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from streamchat_conformance.core.json_value import show
from streamchat_conformance.dialects.openai.chunk_shape import Problem, is_int
from streamchat_conformance.dialects.openai.data import Datum, DatumKind
from streamchat_conformance.dialects.openai.machine import ChoiceRecord

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
SHAPE = '"usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}'
PLACE = "one chunk after the last `finish_reason`, with `choices: []` and the usage"


def usage_chunks(chunks: Sequence[Datum]) -> list[Datum]:
    """Return the chunks whose usage is not null."""
    return [datum for datum in chunks if datum.usage is not None]


def counts_of(usage: Any) -> dict[str, int]:
    """Return the counts of a usage that are whole numbers."""
    members = usage if isinstance(usage, dict) else {}
    return {name: members[name] for name in COUNTS if is_int(members.get(name))}


def usage_problems(
    chunks: Sequence[Datum],
    choices: Sequence[ChoiceRecord],
    *,
    continuous: bool,
    finished: bool,
    whole: bool,
) -> Iterator[Problem]:
    """Yield what is wrong with the usage of an answer.

    `continuous` says that usage on each chunk was asked for, `finished` that each choice has
    finished, `whole` that the stream came to its end.
    """
    found = usage_chunks(chunks)
    if not found:
        return
    # Where it stands in a chunk of its own as well, it only comes too often.
    alone = any(not datum.choices for datum in found)
    for datum in found:
        if problem := _shape(datum.usage):
            yield Problem("openai.usage-shape", datum, problem, SHAPE)
        elif datum.choices and not (continuous or alone):
            message = "usage comes in a chunk with choices: openai-java drops that chunk's content"
            yield Problem("openai.usage-chunk", datum, message, PLACE)
    if len(found) > 1 and not continuous:
        message = f"{len(found)} chunks have a usage: openai-go and others add them up"
        yield Problem("openai.usage-once", found[1], message, PLACE)
    last = found[-1]
    if whole and not _shape(last.usage) and (problem := _implausible(last.usage, choices)):
        yield Problem("openai.usage-plausible", last, problem, "the tokens that were used")
    if not finished:
        return
    at = chunks.index(last)
    # A chunk with another fault of place says so itself.
    # openai-python and openai-node skip what Azure's filter says late.
    after = (each for each in chunks[at + 1 :] if each.kind is DatumKind.CHUNK)
    late = next((each for each in after if not each.filtered), None)
    ends = [chunks.index(each.finished_at) for each in choices if each.finished_at is not None]
    message = "chunks follow the usage: openai-python and openai-node then lose it"
    if ends and at < max(ends):
        yield Problem("openai.usage-after-finish", last, message, PLACE)
    elif late is not None and whole:
        yield Problem("openai.usage-after-finish", late, message, PLACE)


def _shape(usage: Any) -> str:
    if not isinstance(usage, dict):
        return "`usage` is neither null nor an object"
    for name in COUNTS:
        if name not in usage:
            return f"`usage` has no `{name}`"
        if not is_int(usage[name]) or usage[name] < 0:
            return f"`usage.{name}` is {show(usage[name])}"[:100]
    return ""


def _implausible(usage: dict[str, Any], choices: Sequence[ChoiceRecord]) -> str:
    prompt, completion, total = (usage[name] for name in COUNTS)
    if prompt == completion == total == 0:
        return "all counts are 0"
    if completion == 0 and any(each.said_something for each in choices):
        return "an answer came, and `completion_tokens` is 0"
    details = usage.get("completion_tokens_details")
    reasoning = details.get("reasoning_tokens") if isinstance(details, dict) else None
    apart = reasoning if is_int(reasoning) else 0
    if total not in (prompt + completion, prompt + completion + apart):
        return f"{prompt} and {completion} tokens are not {total} in total"
    return ""
