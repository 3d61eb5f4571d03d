"""One request and its answer on one connection: read, timed and verified."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Read
from streamchat_conformance.core.fields import media_type

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.client.reading import StopReason, StreamReading
from streamchat_load.client.receivers import READ_BYTES, receiving
from streamchat_load.client.response import StreamResponse
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from streamchat_load.client.connection import StreamConnection

REFUSAL_BODY_LIMIT_BYTES = 64 * 1024
"""How much of a body that is no stream is retained."""

_BY_CLIENT: dict[StopReason | None, StreamOutcome] = {
    StopReason.RUN_OVER: StreamOutcome.OPEN_AT_END,
    StopReason.DROPPED: StreamOutcome.ABANDONED,
}


def exchange(reading: StreamReading, request: bytes) -> None:
    """Send a request and read its answer to the end; the reading has its outcome then."""
    connection = reading.connection
    if connection is None:
        raise ValueError("the reading has no connection")
    response = StreamResponse()
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
        response.persistent and reading.stop is None and reading.outcome is not StreamOutcome.FAULTY
    )


@dataclass(frozen=True, slots=True)
class _Broken:
    """How reading the head failed: the connection ended, or its bytes are malformed."""

    over: bool = False
    problem: str | None = None
    data: bytes = b""

    def report_to(self, reading: StreamReading) -> None:
        """Record malformed HTTP as a fault of the reading, if there is any."""
        if self.problem is not None:
            message = f"malformed HTTP: {self.problem}"
            reading.verifier.fail(StreamFault.FRAMING, message, data=self.data)
            reading.failure = message


def _read_head(
    reading: StreamReading, connection: StreamConnection, response: StreamResponse
) -> _Broken:
    """Read until the head is complete, or the connection ended or broke before."""
    while response.status is None:
        data = connection.recv(READ_BYTES)
        now_s = perf_counter()
        if not data:
            return _Broken(over=True)
        reading.last_s = now_s
        if reading.recording is not None:
            reading.recording.append(Read(now_s - reading.sent_s, data))
        problem = response.feed(data)
        if response.status is not None:
            reading.head_s = now_s
        if problem is not None:
            return _Broken(True, problem, data)
    return _Broken()


def _end_without_head(reading: StreamReading, broken: _Broken) -> None:
    broken.report_to(reading)
    if reading.stop in _BY_CLIENT:
        reading.outcome = _BY_CLIENT[reading.stop]
    elif reading.stop is not None:
        reading.verifier.fail(
            StreamFault.STALL, f"no response head within {reading.silence_limit_s:g} s"
        )
        reading.outcome = StreamOutcome.FAULTY
    elif reading.evidence is not None:
        reading.outcome = StreamOutcome.FAULTY
    else:
        reading.unanswered = True
        reading.failure = reading.failure or "closed without an answer"
        reading.outcome = StreamOutcome.FAILED


def _read_refusal(
    reading: StreamReading, connection: StreamConnection, response: StreamResponse, broken: _Broken
) -> None:
    """Read an answer that is no stream, and judge it if it should be a refusal."""
    broken.report_to(reading)
    if response.status == 200:
        reading.verifier.fail(StreamFault.REFUSAL, "an invalid request was accepted", "status 400")
        reading.outcome = StreamOutcome.FAULTY
        return
    problem, body = _read_body(reading, connection, response, response.take())
    reading.refusal = body
    if reading.stop in _BY_CLIENT:
        reading.outcome = _BY_CLIENT[reading.stop]
        return
    status = response.status or 0
    if status in (429, 503):
        reading.outcome = StreamOutcome.REFUSED
    elif not reading.invalid:
        reading.outcome = StreamOutcome.FAILED
        reading.failure = f"status {status}"
    else:
        violation = problem or reading.verifier.dialect.refusal_violation(
            status, response.field(b"content-type"), body
        )
        if violation is not None:
            reading.verifier.fail(
                StreamFault.REFUSAL, violation, "a refusal with status 400", data=body
            )
        reading.outcome = StreamOutcome.REJECTED if violation is None else StreamOutcome.FAULTY


def _read_body(
    reading: StreamReading, connection: StreamConnection, response: StreamResponse, body: bytes
) -> tuple[str | None, bytes]:
    """Read a small body; return what is wrong with its framing, and the body."""
    while not response.complete:
        if len(body) > REFUSAL_BODY_LIMIT_BYTES:
            return f"more than {REFUSAL_BODY_LIMIT_BYTES} bytes where a refusal was expected", body
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
    reading: StreamReading, connection: StreamConnection, response: StreamResponse, broken: _Broken
) -> None:
    """Read a stream event by event until it ends, is cut, or the monitor ends it."""
    verifier = reading.verifier
    parsed = media_type(response.field(b"content-type"))
    if parsed is None or (parsed.type, parsed.subtype) != ("text", "event-stream"):
        verifier.fail(
            StreamFault.HEAD,
            f"the media type is {response.field(b'content-type')!r}",
            "text/event-stream",
            data=b"\r\n".join(name + b": " + value for name, value in response.fields),
        )
    pieces, reason = response.pieces, ""
    if pieces:
        reading.stamp(verifier.receive(response.take(), reading.last_s), reading.last_s)
    # What came with the head is judged before what is wrong after it.
    broken.report_to(reading)
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
                verifier.fail(StreamFault.FRAMING, f"malformed HTTP: {problem}", data=bytes(data))
                break
    reading.body_bytes = response.body_bytes
    _judge_end(reading, response, cut=reading.is_cut, reason=reason)


def _judge_end(reading: StreamReading, response: StreamResponse, *, cut: bool, reason: str) -> None:
    verifier = reading.verifier
    # A cut after the last event may meet the end of the stream in the same read.
    cut = cut and not response.complete
    if reading.stop in (StopReason.SILENT, StopReason.TOO_LONG):
        verifier.fail(StreamFault.STALL, _stall_message(reading))
    if reason and not cut and reading.stop is None:
        verifier.fail(StreamFault.TRUNCATED, f"the connection broke in mid-stream: {reason}")
    if response.surplus:
        verifier.fail(StreamFault.FRAMING, "bytes after the response's end")
    # A body without length or chunks ends with its connection (RFC 9112 section 6.3).
    over = response.complete or (not response.framed and not reason)
    verifier.finish(ended=over and reading.stop is None, cut=cut or reading.stop is not None)
    if verifier.evidence is not None:
        reading.outcome = StreamOutcome.FAULTY
    elif reading.stop in _BY_CLIENT:
        reading.outcome = _BY_CLIENT[reading.stop]
    elif cut:
        reading.outcome = reading.cut_outcome
    else:
        reading.outcome = StreamOutcome.VERIFIED


def _stall_message(reading: StreamReading) -> str:
    if reading.stop is StopReason.TOO_LONG:
        return "the stream went on beyond the limit for a whole stream"
    what = "no event" if reading.first_event_s is None else "nothing more"
    return f"{what} within {reading.silence_limit_s:g} s"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or repr(error)).lower()
