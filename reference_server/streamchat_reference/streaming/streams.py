"""All streams of the server: opens them for the dialects, and counts them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from flask import Response, request

from streamchat_reference.http.connection_control import client_socket, connection_control
from streamchat_reference.streaming import event_stream
from streamchat_reference.streaming.answer_stream import AnswerStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamchat_reference.answerers.interface import Answerer, Pause
    from streamchat_reference.http.connection_control import ConnectionControl
    from streamchat_reference.http.stop_signal import StopSignal
    from streamchat_reference.streaming.admission import Admission
    from streamchat_reference.streaming.answer_stream import EventWriter, PieceT

STREAM_HEADERS = {
    # Neither kept nor rewritten on the way; the second also for nginx, which buffers by default.
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


class TooManyStreamsError(Exception):
    """There is no room for another stream now."""


class Streams:
    """Opens the streams of all dialects, which share the answerer and the number of places."""

    def __init__(
        self, answerer: Answerer, admission: Admission, *, heartbeat_s: float, stop: StopSignal
    ) -> None:
        self.answerer = answerer
        self._admission = admission
        self._heartbeat_s = heartbeat_s
        self._stop = stop

    def stream(
        self,
        answer: Callable[[], Iterable[PieceT | Pause]],
        writer: EventWriter[PieceT],
        heartbeat: bytes = event_stream.HEARTBEAT,
    ) -> Response:
        """Return the response that streams an answer. Raises `TooManyStreamsError`.

        While the answer is silent, `heartbeat` leaves now and then.
        """
        stream = self._open(answer, writer, heartbeat, connection_control(request.environ))
        return Response(stream, content_type=event_stream.MEDIA_TYPE, headers=STREAM_HEADERS)

    def complete(
        self, answer: Callable[[], Iterable[PieceT | Pause]], writer: EventWriter[PieceT]
    ) -> None:
        """Run an answer to its end, for a writer that keeps it. Raises `TooManyStreamsError`."""
        with closing(self._open(answer, writer, event_stream.HEARTBEAT, None)) as stream:
            for _ in stream:
                pass  # nothing is sent before the answer is complete

    def _open(
        self,
        answer: Callable[[], Iterable[PieceT | Pause]],
        writer: EventWriter[PieceT],
        heartbeat: bytes,
        driver: ConnectionControl | None,
    ) -> AnswerStream[PieceT]:
        if not self._admission.enter():
            raise TooManyStreamsError
        connection = connection_control(request.environ)
        if connection is not None:
            connection.stream_begins()
        return AnswerStream(
            answer,
            writer,
            blocking=self.answerer.blocking,
            client=client_socket(request.environ),
            stop=self._stop,
            heartbeat_s=self._heartbeat_s,
            on_close=self._admission.leave,
            heartbeat=heartbeat,
            driver=driver,
        )
