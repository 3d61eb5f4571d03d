"""Shutdown on SIGTERM while a stream is open: reported, never judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Connection, Progress
from streamchat_conformance.recorder.errors import ConnectError
from streamchat_conformance.suite.verdicts.outcomes import NotRun

if TYPE_CHECKING:
    from streamchat_conformance.gate.command import TargetCommand
    from streamchat_conformance.suite.target.target import Target


class _TerminateAtFirstEvent:
    """A stop condition that never stops: it ends the server once the stream is under way."""

    def __init__(self, command: TargetCommand) -> None:
        self._command = command

    def __call__(self, progress: Progress) -> bool:
        if progress.events:
            self._command.terminate()
        return progress.reader.complete


def shut_down(command: TargetCommand, target: Target | None) -> str:
    """Stop the server with a stream open, if it serves streams.

    Returns in words what became of the stream; an empty string when none was open.
    """
    stream = ""
    if target is not None and target.baseline.streams and not command.died:
        stream = _last_stream(command, target)
    command.stop()
    return stream


def _last_stream(command: TargetCommand, target: Target) -> str:
    limits = target.settings.limits
    limits = replace(
        limits,
        idle_s=command.stop_s,
        total_s=limits.first_event_s + command.stop_s,
    )
    request = target.encode(HttpRequest.chat(target.plain()))
    try:
        with Connection.open(target.endpoint, limits) as connection:
            exchange = connection.exchange(
                request, until=_TerminateAtFirstEvent(command), label="a stream during shutdown"
            )
    except (ConnectError, NotRun):
        return ""
    reading = Reading(exchange, path=target.endpoint.path)
    if not reading.events:
        return ""
    if reading.ended_well:
        last = reading.events[-1].event
        reported = last is not None and last.type == "error"
        return "ended whole, with an error event" if reported else "ended whole"
    if exchange.ending in (Ending.CLOSED, Ending.RESET):
        return "was cut"
    return "went on"
