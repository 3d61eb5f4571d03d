"""Requests that several cases send, and how their answers are read."""

from __future__ import annotations

from dataclasses import dataclass

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.openai.judges.end import ENDS_WITHIN_S
from streamchat_conformance.dialects.openai.judges.streams import transcript
from streamchat_conformance.dialects.openai.requests import CompletionRequest
from streamchat_conformance.dialects.openai.usage import counts_of
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Progress
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target

COUNTING = "Count from 1 to 60, one number a line."
MANY_TOKENS = 400
"""The limit for an answer of many chunks."""
SILENT_S = ENDS_WITHIN_S + 0.5
"""A stream that has begun and is silent for this long has ended, or never will (seconds)."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Stop at the end of the response, or where a stream that has begun falls silent."""

    within_s: float

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        if Answered(whole=True, within_s=self.within_s)(progress):
            return True
        return progress.events > 0 and progress.since_last_read_s >= SILENT_S

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        at_s = Answered(whole=True, within_s=self.within_s).wake_at_s(progress)
        if progress.events:
            at_s = min(at_s, progress.elapsed_s - progress.since_last_read_s + SILENT_S)
        return at_s


def base(target: Target) -> CompletionRequest:
    """Return the plainest request that this target accepts."""
    return CompletionRequest.of(target.plain())


def counting(target: Target) -> CompletionRequest:
    """Return a request whose answer has many chunks."""
    return CompletionRequest.of(target.plain(COUNTING)).capped(MANY_TOKENS)


def whole(target: Target, request: CompletionRequest, label: str) -> Reading:
    """Send a request and read its answer to the end."""
    settings = target.settings
    within_s = settings.limits.first_event_s + settings.observation_s
    return target.send(HttpRequest.chat(request), stop=Whole(within_s), label=label)


def completion_tokens(reading: Reading) -> int | None:
    """Return how many tokens an answer has, as its usage says; None where it does not."""
    found = transcript(reading)
    return counts_of(found.usage).get("completion_tokens") if found is not None else None
