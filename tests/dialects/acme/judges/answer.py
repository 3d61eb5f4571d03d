"""acme: requests and answers."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges.judge import Verdict
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.request import must_refuse

from acme.capabilities import COUNT, counts
from acme.rules import JUDGES


@JUDGES.judge("acme.ask", MUST, "A request whose ask is no text is refused.", source="acme")
def ask(reading: Reading) -> Verdict:
    return must_refuse("acme.ask", reading)


@JUDGES.judge("acme.done", MUST, "A whole stream ends with done and [END].", source="acme")
def done(reading: Reading) -> Verdict:
    if not reading.judges_stream or not reading.ended_well:
        return None
    last = reading.events[-1].event if reading.events else None
    if reading.content.finished and last is not None and last.data == "[END]":
        return []
    received = "no event" if last is None else f"event {last.type}: {last.data[:40]}"
    return [Nonconformity("the stream ends without its mark", "done, [END]", received)]


@JUDGES.judge("acme.count", MUST, "done counts the tokens.", source="acme", needs=COUNT)
def count(reading: Reading) -> Verdict:
    if not reading.judges_stream or not reading.content.finished:
        return None
    tokens = len(reading.content.pieces)
    counted = counts(reading.payloads)
    if counted in ([], [tokens]):
        return []
    return [Nonconformity("the count is wrong", str(tokens), str(counted))]
