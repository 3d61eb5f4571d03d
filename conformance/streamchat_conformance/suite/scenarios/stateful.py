"""Sequences of requests over several connections, and a model of what must answer them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from streamchat_conformance.catalogue import FINITE
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import Connection
from streamchat_conformance.strategies import chunked
from streamchat_conformance.suite.scenarios.keepalive import (
    mismatch,
    says_close,
    served_alone,
    steadily,
)
from streamchat_conformance.suite.scenarios.markers import marked_prompt, marker, strange_marker
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import Violation

CONNECTIONS_AT_ONCE = 3
_NUMBERS = itertools.count()
STEPS = ("valid", "valid chunked", "large", "refused", "refused chunked", "abandoned")
"""Each waits for its answer: what becomes of pipelined requests is connection.pipelining."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a client does on one of its connections."""

    connection: int
    kind: str
    variant: int = 0

    def __repr__(self) -> str:
        return f"{self.kind} #{self.variant} on connection {self.connection}"


class Machine:
    """The model: which connections are open, and what each answer has to belong to."""

    def __init__(self, target: Target, *, whole: bool = False) -> None:
        self.readings: list[Reading] = []
        """The sound answers so far."""
        self._target = target
        self._whole = whole
        self._open: dict[int, Connection] = {}
        self._history: list[str] = []
        self._words: list[str] = []

    def run(self, plan: list[Step]) -> None:
        """Do the steps; raise Violation when an answer does not belong to its request."""
        try:
            for step in plan:
                if not self._is_sound(step):
                    continue
                self._history.append(repr(step))
                self._do(step)
        finally:
            for connection in self._open.values():
                connection.close()

    def _is_sound(self, step: Step) -> bool:
        """Return whether the step's request has its expected outcome when it comes alone."""
        if step.kind == "abandoned":
            return self._target.baseline.streams
        return served_alone(self._target, self._request(step))

    def _do(self, step: Step) -> None:
        connection = self._open.pop(step.connection, None)
        if connection is not None and not connection.is_open():
            # A server may close an idle connection at any time (RFC 9112 section 9.5).
            connection.close()
            connection = None
        if connection is None:
            connection = self._target.connect()
        # Entered at once, so that it is closed whatever happens.
        self._open[step.connection] = connection
        kept = (
            self._abandon(connection) if step.kind == "abandoned" else self._ask(connection, step)
        )
        if not kept:
            self._open.pop(step.connection).close()

    def _request(self, step: Step, number: int = 0) -> HttpRequest:
        """Return what the step sends; a valid request asks for the word of its number."""
        if step.kind.startswith("refused"):
            request = self._target.dialect.requests.refusable[step.variant]
        else:
            prompt = "x " * 16_000 if step.kind == "large" else ""
            request = HttpRequest.chat(self._target.plain(prompt + marked_prompt(number)))
        if step.kind.endswith("chunked"):
            pieces = [request.body[:7], request.body[7:]]
            coded = chunked([piece for piece in pieces if piece])
            request = HttpRequest(body=coded, content_type=request.content_type, framing=CHUNKED)
        return request

    def _ask(self, connection: Connection, step: Step) -> bool:
        """Send the step's request, check the answer; return whether the connection is kept."""
        number = next(_NUMBERS)
        data = self._target.encode(self._request(step, number))
        reading = self._target.record(connection, data, Answered(whole=self._whole), repr(step))
        self._check(reading, marker(number))
        if reading.head is not None:
            self.readings.append(reading)
        return reading.response.complete and not says_close(reading)

    def _check(self, reading: Reading, word: str) -> None:
        problem = mismatch(self._target, reading) or self._other_answer(reading, word)
        self._words.append(word)
        hangs = reading.head is None and not reading.closed
        if hangs and reading.exchange.position:
            problem = problem or "no answer at all, though the connection stays open"
        if problem:
            finding = Finding(
                "connection.sequence",
                f"{problem} (after: {'; '.join(self._history)})",
                "the answer to this request",
                answer(reading),
            )
            raise Violation((finding, reading.exchange))

    def _other_answer(self, reading: Reading, word: str) -> str:
        """Return which earlier request a text answers instead of its own, or an empty string."""
        text = "".join(piece.text for piece in reading.content.pieces)
        other = "" if word in text else strange_marker(text, word, self._words)
        return f"the text is {other}, which an earlier request asked for" if other else ""

    def _abandon(self, connection: Connection) -> bool:
        """Ask for a stream and leave it after its first event."""
        request = HttpRequest.chat(self._target.plain("left in mid-stream"))
        data = self._target.encode(request)
        self._target.record(connection, data, Answered(), "abandoned after one event")
        return False


WHOLE_PLANS = (
    [Step(0, "valid"), Step(0, "valid"), Step(0, "valid"), Step(0, "refused", 1)],
    [Step(0, "refused", 0), Step(0, "valid"), Step(0, "valid"), Step(0, "refused", 2)],
    [Step(0, "valid chunked"), Step(0, "valid"), Step(0, "valid chunked"), Step(0, "valid")],
    [Step(0, "large"), Step(0, "refused chunked", 3), Step(0, "valid"), Step(0, "refused", 0)],
    [Step(0, "valid"), Step(0, "refused", 3), Step(1, "valid"), Step(0, "large")],
)
"""Sequences in which every stream is read to its end, so that its connection serves on."""

WHOLE_STREAM_S = 2.0
"""Longer streams are not waited for in sequences (seconds)."""


def start_whole_plans(target: Target) -> None:
    """Run the sequences of whole streams in the background, side by side."""
    baseline = target.baseline
    if not target.has(FINITE) or baseline.duration_s > WHOLE_STREAM_S:
        return
    for number, plan in enumerate(WHOLE_PLANS):
        target.background.start(f"sequence {number}", partial(_run_whole, target, plan))


def _run_whole(target: Target, plan: list[Step]) -> list[Reading]:
    machine = Machine(target, whole=True)
    machine.run(plan)
    return machine.readings


def finish_whole_plans(target: Target) -> None:
    """Enter what the background sequences recorded.

    They ran side by side. Raises Violation where one of them does so alone, too.
    """
    start_whole_plans(target)
    within_s = 4 * target.settings.limits.total_s
    for number, plan in enumerate(WHOLE_PLANS):
        name = f"sequence {number}"
        if not target.background.started(name):
            continue
        finished = partial(target.background.result, name, within_s=within_s)
        attempts = iter((finished, partial(_run_whole, target, plan)))
        try:
            readings = steadily(target, partial(_call_next, attempts))
        except Violation:
            readings = _run_whole(target, plan)
        for reading in readings:
            target.limit_check.observe(reading)


def _call_next(calls: Iterator[Callable[[], list[Reading]]]) -> list[Reading]:
    return next(calls)()
