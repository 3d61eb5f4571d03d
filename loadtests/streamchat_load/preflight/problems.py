"""Problems of a target that make load pointless: found before any load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.errors import LoadUsageError
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamchat_conformance.recorder.endpoint import Endpoint

    from streamchat_load.client.reading import StreamReading
    from streamchat_load.dialects.dialect import LoadDialect


def require_streams(
    readings: Iterable[StreamReading], endpoint: Endpoint, limit_s: float, dialect: LoadDialect
) -> None:
    """Raise UsageError when not one of the streams is what the endpoint sends."""
    problems = []
    for reading in readings:
        problem = _problem(reading, endpoint, limit_s, dialect)
        if problem is None:
            return
        problems.append(problem)
    raise LoadUsageError(problems[0])


def _problem(
    reading: StreamReading, endpoint: Endpoint, limit_s: float, dialect: LoadDialect
) -> str | None:
    """Return why a reading is not what the endpoint sends, or None."""
    where = f"POST {endpoint.url}"
    if reading.connection is None:
        return f"{endpoint.url} cannot be reached: {reading.failure}"
    if reading.status is None:
        if reading.evidence is not None:
            return f"{where} does not speak HTTP: {reading.evidence.message}"
        why = reading.failure if reading.stop is None else ""
        why = why or f"none within {limit_s:g} s (see --preflight-limit-s)"
        return f"{where} gave no answer: {why}"
    if reading.outcome is StreamOutcome.REFUSED:
        return f"{where} refuses even a single stream (status {reading.status})"
    return _stream_problem(reading, where, limit_s, dialect)


def _stream_problem(
    reading: StreamReading, where: str, limit_s: float, dialect: LoadDialect
) -> str | None:
    evidence = reading.evidence
    if reading.status != 200:
        if hint := dialect.refused(reading.status or 0, reading.refusal):
            return f"{where} refuses a valid request with status {reading.status}{hint}"
        wanted = "not 200 with an event stream"
        return f"{where} is not the endpoint: a valid request got status {reading.status}, {wanted}"
    if evidence is not None and evidence.fault in {StreamFault.HEAD, StreamFault.PAYLOAD}:
        return f"{where} is not the endpoint: {evidence.message}; asked for {evidence.expected}"
    if not reading.verifier.texts:
        if evidence is not None and evidence.fault is not StreamFault.STALL:
            return f"{where} sent no event: {evidence.message}"
        return f"{where} sent no event within {limit_s:g} s (see --preflight-limit-s)"
    return None
