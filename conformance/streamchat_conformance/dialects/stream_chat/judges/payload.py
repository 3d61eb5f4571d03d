"""payload: the members of this endpoint's events."""

from __future__ import annotations

from collections.abc import Iterator

from streamchat_conformance.catalogue import ECHO, MAY, MUST
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.json_value import same_json_value
from streamchat_conformance.dialects.stream_chat.rules import judge
from streamchat_conformance.judges.hazards import lost_separators
from streamchat_conformance.judges.judge import Verdict, unless
from streamchat_conformance.judges.payload import (
    block_nonconformity,
    content_events,
    echoing,
    unfit,
)
from streamchat_conformance.judges.reading import Reading


def _unechoed(reading: Reading) -> bool:
    """Return whether what the events repeat cannot be judged."""
    return not echoing(reading) or unfit(reading) or bool(lost_separators(reading))


@judge(
    "payload.response",
    MUST,
    "Each content event's response is a string.",
    source="article",
)
@unless(unfit)
def response(reading: Reading) -> Verdict:
    return [
        block_nonconformity(
            reading,
            block,
            "no `response` member"
            if "response" not in payload.value
            else "`response` is not a string",
            '{"response": "text", …}',
        )
        for block, payload in content_events(reading)
        if isinstance(payload.value, dict) and not isinstance(payload.value.get("response"), str)
    ]


@judge(
    "payload.prompt-echo",
    MUST,
    "Every event's prompt equals the request's, code point for code point.",
    source="article",
    needs=ECHO,
)
@unless(_unechoed)
def prompt_echo(reading: Reading) -> Verdict:
    return list(_echo_nonconformities(reading, "prompt", exact=False))


@judge(
    "payload.history-echo",
    MUST,
    "Every event's history equals the request's, as JSON values.",
    source="article; RFC 7493",
    needs=ECHO,
)
@unless(_unechoed)
def history_echo(reading: Reading) -> Verdict:
    return list(_echo_nonconformities(reading, "history", exact=False))


@judge(
    "payload.history-echo-exact",
    MAY,
    "Numbers beyond the range and precision of doubles come back exactly too.",
    source="RFC 8259 section 6",
    needs=ECHO,
)
@unless(_unechoed)
def history_echo_exact(reading: Reading) -> Verdict:
    inexact = list(_echo_nonconformities(reading, "history", exact=False))
    if inexact:
        return None
    return list(_echo_nonconformities(reading, "history", exact=True))


def _echo_nonconformities(reading: Reading, name: str, *, exact: bool) -> Iterator[Nonconformity]:
    sent = reading.asked.values.get(name)
    for block, payload in content_events(reading):
        if not isinstance(payload.value, dict):
            continue
        if name not in payload.value:
            yield block_nonconformity(
                reading, block, f"an event without `{name}`", f"`{name}` as sent"
            )
            continue
        difference = same_json_value(sent, payload.value[name], exact=exact)
        if difference is not None:
            sent_there, received = difference.shown()
            message = f"`{name}` differs from the request's at {difference.path}"
            yield block_nonconformity(reading, block, message, sent_there, received)
