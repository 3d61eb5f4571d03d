"""One request and its answer on one connection: read, stamped, judged, measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Read
from streamchat_conformance.core.fields import media_type

from streamchat_load.connection import (
    REFUSAL_BODY_LIMIT_BYTES,
    Connection,
    Response,
)
from streamchat_load.faults import Evidence, Fault
from streamchat_load.ledger import Outcome
from streamchat_load.receiving import READ_BYTES, receiving

if TYPE_CHECKING:
    from streamchat_load.verify import StreamVerifier


class Stop(StrEnum):
    """Why the watch, and not the server, ended a reading."""

    SILENT = "silent"
    TOO_LONG = "too-long"
    RUN_OVER = "run-over"
    DROPPED = "dropped"


_BY_CLIENT: dict[Stop | None, Outcome] = {
    Stop.RUN_OVER: Outcome.OPEN_AT_END,
    Stop.DROPPED: Outcome.ABANDONED,
}


@dataclass(slots=True, eq=False)
class Reading:
    """State of one request while it is answered. Times are `perf_counter` seconds.

    `due_s` is when the request was to be sent: latencies count from there, so that a client or
    a server that falls behind is not flattered.
    """

    verifier: StreamVerifier
    due_s: float
    phase: str
    cut_after: int | None = None
    """Close the connection after so many events."""
    cut_outcome: Outcome = Outcome.VERIFIED
    """What a reading that was cut so counts as."""
    read_bytes_per_s: float | None = None
    """Read no faster than this; silence is not judged then, for it may be the client's own."""
    invalid: bool = False
    """The request is invalid: a refusal is asked for."""
    silence_limit_s: float = 10.0
    """How long nothing may come: until the first event one limit, from there on another."""
    stall_limit_s: float = 15.0
    """What the silence limit becomes with the first event."""

    tape: list[Read] | None = None
    """Where everything that is received is recorded too, if it is to be judged by the suite."""
    request: bytes | None = None
    """What was sent."""
    connection: Connection | None = None
    connect_s: float | None = None
    head_s: float | None = None
    first_event_s: float | None = None
    first_text_s: float | None = None
    """When the first event came that has text."""
    stamps_s: list[float] = field(default_factory=list)
    """Arrival of each event that is not folded into the histograms yet, and of the last one
    that is."""
    folded: int = 0
    """How many of the events are folded."""
    longest_gap_s: float = 0.0
    sent_s: float = 0.0
    """When the request was handed to the socket."""
    last_s: float = 0.0
    """When something last came, or the request was sent."""
    ended_s: float = 0.0
    body_bytes: int = 0
    status: int | None = None
    stop: Stop | None = None
    outcome: Outcome | None = None
    failure: str = ""
    reusable: bool = False
    unanswered: bool = False
    """The connection ended before a single byte of an answer came."""

    @property
    def evidence(self) -> Evidence | None:
        """The first fault of the stream, or None."""
        return self.verifier.evidence

    def is_silent(self, now_s: float) -> bool:
        """Tell whether nothing came for too long; comments do not count as a first event."""
        if self.first_event_s is None:
            return now_s - self.sent_s > self.silence_limit_s
        # A slow reader's silence may be its own.
        return self.read_bytes_per_s is None and now_s - self.last_s > self.silence_limit_s

    def stamp(self, count: int, now_s: float) -> bool:
        """Note that so many events came; return whether the stream is to be cut here."""
        if count == 1 and self.cut_after is None and self.first_text_s is not None:
            self.stamps_s.append(now_s)
            return False
        if not count:
            return False
        if self.first_event_s is None:
            self.first_event_s = now_s
            self.silence_limit_s = self.stall_limit_s
        if self.first_text_s is None and self.verifier.has_text:
            self.first_text_s = now_s
        self.stamps_s.extend([now_s] * count)
        return self.is_cut

    @property
    def is_cut(self) -> bool:
        """Whether as many events came as are to be read."""
        return self.cut_after is not None and self.verifier.events >= self.cut_after

    def end(self, stop: Stop) -> None:
        """End the reading from another greenlet."""
        if self.stop is None:
            self.stop = stop
            if self.connection is not None:
                self.connection.shut_down()


def exchange(reading: Reading, request: bytes) -> None:
    """Send a request and read its answer to the end; the reading's outcome tells how it went."""
    connection = reading.connection
    if connection is None:
        raise ValueError("the reading has no connection")
    response = Response()
    reading.request = request
    broken = _Broken()
    try:
        reading.sent_s = reading.last_s = perf_counter()
        connection.send(request)
        broken = _read_head(reading, connection, response)
    except OSError as error:
        broken = _Broken(over=True)
        reading.failure = _reason(error)
    if broken.over and response.status is None:
        _end_without_head(reading, broken)
    elif reading.invalid or response.status != 200:
        _read_refusal(reading, connection, response, broken)
    else:
        _read_stream(reading, connection, response, broken)
    reading.ended_s = perf_counter()
    reading.status = response.status
    reading.reusable = (
        response.persistent and reading.stop is None and reading.outcome is not Outcome.FAULTY
    )


@dataclass(frozen=True, slots=True)
class _Broken:
    """How reading the head went wrong: the connection ended, or what came is malformed."""

    over: bool = False
    problem: str | None = None
    data: bytes = b""

    def tell(self, reading: Reading) -> None:
        """Note malformed HTTP as a fault of the reading, if that is what it is."""
        if self.problem is not None:
            message = f"malformed HTTP: {self.problem}"
            reading.verifier.fail(Fault.FRAMING, message, data=self.data)
            reading.failure = message


def _read_head(reading: Reading, connection: Connection, response: Response) -> _Broken:
    """Read until the head is there, or the connection ended or broke before."""
    while response.status is None:
        data = connection.recv(READ_BYTES)
        now_s = perf_counter()
        if not data:
            return _Broken(over=True)
        reading.last_s = now_s
        if reading.tape is not None:
            reading.tape.append(Read(now_s - reading.sent_s, data))
        problem = response.feed(data)
        if response.status is not None:
            reading.head_s = now_s
        if problem is not None:
            return _Broken(True, problem, data)
    return _Broken()


def _end_without_head(reading: Reading, broken: _Broken) -> None:
    broken.tell(reading)
    if reading.stop in _BY_CLIENT:
        reading.outcome = _BY_CLIENT[reading.stop]
    elif reading.stop is not None:
        reading.verifier.fail(Fault.STALL, f"no response head within {reading.silence_limit_s:g} s")
        reading.outcome = Outcome.FAULTY
    elif reading.evidence is not None:
        reading.outcome = Outcome.FAULTY
    else:
        reading.unanswered = True
        reading.failure = reading.failure or "closed without an answer"
        reading.outcome = Outcome.FAILED


def _read_refusal(
    reading: Reading, connection: Connection, response: Response, broken: _Broken
) -> None:
    """Read an answer that is no stream, and judge it when it should be a refusal."""
    broken.tell(reading)
    if response.status == 200:
        reading.verifier.fail(Fault.REFUSAL, "an invalid request was accepted", "status 400")
        reading.outcome = Outcome.FAULTY
        return
    problem, body = _read_body(reading, connection, response, response.take())
    if reading.stop in _BY_CLIENT:
        reading.outcome = _BY_CLIENT[reading.stop]
        return
    status = response.status or 0
    if status in (429, 503):
        reading.outcome = Outcome.REFUSED
    elif not reading.invalid:
        reading.outcome = Outcome.FAILED
        reading.failure = f"status {status}"
    else:
        breach = problem or reading.verifier.payload.refusal_breach(
            status, response.field(b"content-type"), body
        )
        if breach is not None:
            reading.verifier.fail(Fault.REFUSAL, breach, "a refusal with status 400", data=body)
        reading.outcome = Outcome.REJECTED if breach is None else Outcome.FAULTY


def _read_body(
    reading: Reading, connection: Connection, response: Response, body: bytes
) -> tuple[str | None, bytes]:
    """Read a small body; return what is wrong with its framing, and the body."""
    while not response.complete:
        if len(body) > REFUSAL_BODY_LIMIT_BYTES:
            return f"more than {REFUSAL_BODY_LIMIT_BYTES} bytes where a refusal was due", body
        try:
            data = connection.recv(READ_BYTES)
        except OSError as error:
            return f"the answer was cut: {_reason(error)}", body
        if not data:
            return (None if not response.framed else "the answer was cut"), body
        reading.last_s = perf_counter()
        problem = response.feed(data)
        body += response.take()
        if problem is not None:
            return f"malformed HTTP: {problem}", body
    return ("bytes after the answer's end" if response.surplus else None), body


def _read_stream(
    reading: Reading, connection: Connection, response: Response, broken: _Broken
) -> None:
    """Read a stream event by event until it ends, is cut, or the watch ends it."""
    verifier = reading.verifier
    parsed = media_type(response.field(b"content-type"))
    if parsed is None or (parsed.type, parsed.subtype) != ("text", "event-stream"):
        verifier.fail(
            Fault.HEAD,
            f"the media type is {response.field(b'content-type')!r}",
            "text/event-stream",
            data=b"\r\n".join(name + b": " + value for name, value in response.fields),
        )
    pieces, reason = response.pieces, ""
    if pieces:
        reading.stamp(verifier.receive(response.take(), reading.last_s), reading.last_s)
    # What came with the head is judged before what is wrong behind it.
    broken.tell(reading)
    with receiving(reading, connection, response) as receive:
        while not (broken.over or reading.is_cut or response.complete or reading.stop is not None):
            try:
                data, problem = receive()
            except OSError as error:
                reason = _reason(error)
                break
            if not data:
                break
            now_s = reading.last_s
            if pieces:
                reading.stamp(verifier.receive(response.take(), now_s), now_s)
            if problem is not None:
                verifier.fail(Fault.FRAMING, f"malformed HTTP: {problem}", data=bytes(data))
                break
    reading.body_bytes = response.body_bytes
    _judge_end(reading, response, cut=reading.is_cut, reason=reason)


def _judge_end(reading: Reading, response: Response, *, cut: bool, reason: str) -> None:
    verifier = reading.verifier
    # A cut after the last event may meet the end of the stream in the same read.
    cut = cut and not response.complete
    if reading.stop in (Stop.SILENT, Stop.TOO_LONG):
        verifier.fail(Fault.STALL, _stall_message(reading))
    if reason and not cut and reading.stop is None:
        verifier.fail(Fault.TRUNCATED, f"the connection broke in mid-stream: {reason}")
    if response.surplus:
        verifier.fail(Fault.FRAMING, "bytes after the response's end")
    # A body without length or chunks ends with its connection (RFC 9112 section 6.3).
    over = response.complete or (not response.framed and not reason)
    verifier.finish(ended=over and reading.stop is None, cut=cut or reading.stop is not None)
    if verifier.evidence is not None:
        reading.outcome = Outcome.FAULTY
    elif reading.stop in _BY_CLIENT:
        reading.outcome = _BY_CLIENT[reading.stop]
    elif cut:
        reading.outcome = reading.cut_outcome
    else:
        reading.outcome = Outcome.VERIFIED


def _stall_message(reading: Reading) -> str:
    if reading.stop is Stop.TOO_LONG:
        return "the stream went on beyond the limit for a whole stream"
    what = "no event" if reading.first_event_s is None else "nothing more"
    return f"{what} within {reading.silence_limit_s:g} s"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or repr(error)).lower()
