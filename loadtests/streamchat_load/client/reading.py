"""The state of one request while it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Read

from streamchat_load.client.connection import StreamConnection
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.faults import FaultEvidence

if TYPE_CHECKING:
    from streamchat_load.verification.stream_verifier import StreamVerifier


class StopReason(StrEnum):
    """Why the monitor, and not the server, ended a reading."""

    SILENT = "silent"
    TOO_LONG = "too-long"
    RUN_OVER = "run-over"
    DROPPED = "dropped"


@dataclass(slots=True, eq=False)
class StreamReading:
    """State of one request while it is answered. Times are `perf_counter` seconds.

    `due_s` is when the request was to be sent: latencies count from there, so that a client or
    a server that falls behind does not look better.
    """

    verifier: StreamVerifier
    due_s: float
    phase: str
    cut_after: int | None = None
    """Close the connection after this many events."""
    cut_outcome: StreamOutcome = StreamOutcome.VERIFIED
    """The outcome of a reading that was cut there."""
    read_bytes_per_s: float | None = None
    """Read no faster than this; silence is not judged then: the client may cause it."""
    invalid: bool = False
    """The request is invalid: a refusal is expected."""
    silence_limit_s: float = 10.0
    """How long nothing may arrive: this is the limit until the first event."""
    stall_limit_s: float = 15.0
    """What the silence limit becomes with the first event."""

    recording: list[Read] | None = None
    """Everything that was received, if the suite's judges are to see it."""
    request: bytes | None = None
    """What was sent."""
    connection: StreamConnection | None = None
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
    """When the request was given to the socket."""
    last_s: float = 0.0
    """When bytes last arrived, or the request was sent."""
    ended_s: float = 0.0
    body_bytes: int = 0
    status: int | None = None
    stop: StopReason | None = None
    outcome: StreamOutcome | None = None
    failure: str = ""
    refusal: bytes = b""
    """The body of an answer that is no stream."""
    reusable: bool = False
    unanswered: bool = False
    """The connection ended before a single byte of an answer arrived."""

    @property
    def evidence(self) -> FaultEvidence | None:
        """The first fault of the stream, or None."""
        return self.verifier.evidence

    def is_silent(self, now_s: float) -> bool:
        """Return whether nothing arrived for too long; comments do not count as a first event."""
        if self.first_event_s is None:
            return now_s - self.sent_s > self.silence_limit_s
        # A slow reader may cause its own silence.
        return self.read_bytes_per_s is None and now_s - self.last_s > self.silence_limit_s

    def stamp(self, count: int, now_s: float) -> bool:
        """Record that events arrived; return whether the stream is to be cut here."""
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

    def end(self, stop: StopReason) -> None:
        """End the reading from another greenlet."""
        if self.stop is None:
            self.stop = stop
            if self.connection is not None:
                self.connection.shut_down()
