"""The preflight: whether the target can be tested, and what a plain request gets."""

from __future__ import annotations

from streamchat_conformance.catalogue import FINITE
from streamchat_conformance.core.http1 import Framing
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer
from streamchat_conformance.suite.target.baseline import (
    Baseline,
    echoes,
    first_event_bytes,
    pace,
    preliminaries,
)
from streamchat_conformance.suite.target.deploying import credentials_hint, learn
from streamchat_conformance.suite.target.overload import rate_limited
from streamchat_conformance.suite.target.recognising import look_elsewhere, recognise
from streamchat_conformance.suite.target.stop_conditions import QuietAfterEnd, Watched
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

SURPLUS_S = 1.2
"""How long is listened after a stream with a Content-Length (seconds)."""
PROBE_S = 3.0
"""How long the first stream is watched for its end (seconds)."""


def run_preflight(target: Target) -> Baseline:
    """Probe the target and set its baseline. Raises NotTestable when it cannot be tested."""
    requests = target.dialect.requests
    baseline = Baseline(requests.plain[0], cause=target.dialect.plain_row)
    target.baseline = baseline
    readings = []
    for plain in requests.plain:
        request = HttpRequest.chat(plain)
        reading = target.send(
            request, stop=Watched(PROBE_S), label="a plain request", observe=False
        )
        if rate_limited(reading):
            raise NotTestable(
                "the server answers a valid request with 429: there were too many",
                "wait until its limit lifts, check the quota, or send more slowly with --rate",
            )
        readings.append(reading)
        if not reading.accepted and reading.head is None and not readings[0].exchange.reads:
            break
        if reading.accepted:
            baseline.plain = plain
            target.ledger.authorized = True
            if plain is not requests.plain[0]:
                target.ledger.accept_only(plain)
                learn(target, plain)
            break
    for reading in readings:
        target.ledger.observe_reading(reading)
    reading = readings[-1] if readings[-1].accepted else readings[0]
    if reading.response.framing is Framing.LENGTH and reading.response.complete:
        # A Content-Length that cuts the stream shows only in what follows.
        target.send(
            HttpRequest.chat(baseline.plain),
            stop=QuietAfterEnd(SURPLUS_S),
            label="a plain request, and what follows its answer",
        )
    refusal = target.send(requests.refusable[0], label="an invalid request")
    _check_testable(target, reading, refusal)
    baseline.accepted = reading.accepted
    baseline.refuses = refusal.refused
    baseline.refusal_s = refusal.exchange.ended_at_s if refusal.response.complete else 0.0
    baseline.streams = reading.is_stream and bool(reading.events)
    baseline.cause, baseline.problem = _problem(target, reading)
    baseline.essence = reading.essence
    baseline.echo = echoes(reading)
    baseline.preliminaries = preliminaries(reading)
    # A last chunk that was begun says that the stream is over, finished or not.
    over = reading.ended or reading.response.last_chunk is not None
    baseline.finite = over and bool(reading.events)
    if target.settings.capabilities.get(FINITE.name):
        baseline.finite = True
    baseline.first_event_s, baseline.interval_s, baseline.duration_s = pace(reading)
    baseline.first_event_bytes = first_event_bytes(reading)
    return baseline


def _check_testable(target: Target, reading: Reading, refusal: Reading) -> None:
    """Raise NotTestable when this target cannot be tested, with a hint what to set."""
    status, url = reading.status, target.endpoint.url
    if status in (401, 403):
        raise NotTestable(
            f"the server answers a valid request with {status}",
            credentials_hint(target),
        )
    if target.known.undiscovered and reading.refused:
        raise NotTestable(target.known.undiscovered, credentials_hint(target))
    # What a file declares may well look like another dialect.
    declared = target.dialect.declaration is not None
    if not declared and not (reading.is_stream and reading.content.pieces):
        recognise(target, reading, refusal)
    _check_model(target, reading)
    if reading.barred and status != 404:
        text = target.dialect.refusals.text(reading.body) or "the server says no more"
        raise NotTestable(
            f"the server refuses a valid request ({status}) because of {reading.barred}: "
            f"{text[:200]}",
            "check what the account may use, or name another model with --model",
        )
    if status == 404:
        look_elsewhere(target)
        raise NotTestable(
            f"the server answers a valid request with 404: POST {url}",
            "set the endpoint's path with --endpoint-path; what answers on this server, "
            f"'streamchat-conformance guess {target.endpoint.origin}' shows",
        )
    if 300 <= status < 400:
        place = reading.head.first("location") if reading.head else None
        raise NotTestable(
            f"the server redirects a valid request ({status}) to {(place or 'nowhere')[:200]!r}",
            "set --target-url or --endpoint-path to where the endpoint really is",
        )
    if reading.head is None and refusal.head is None:
        received = reading.exchange.received or refusal.exchange.received
        if received.startswith(b"HTTP/"):
            raise NotTestable(
                f"no response head was complete in time: {answer(reading)}",
                "check that the server runs; raise --first-event-limit if it needs longer",
            )
        if received:
            raise NotTestable(
                f"what answers there is not HTTP: {answer(reading)}",
                "check host, port and scheme (http or https) of --target-url",
            )
        raise NotTestable(
            f"the server accepts connections and answers nothing: {answer(reading)}",
            "check that the server runs; raise --first-event-limit if it needs longer",
        )


def _check_model(target: Target, reading: Reading) -> None:
    """Raise NotTestable where a plain request is refused because of the model that it names."""
    model = target.settings.deployment.model
    if not model or not reading.refused:
        return
    text = target.dialect.refusals.text(reading.body) or ""
    if model in text or "model" in text.lower():
        raise NotTestable(
            f"the server refuses the model {model!r} ({reading.status}): {text[:200]}",
            "give one that it has with --model NAME",
        )


def _problem(target: Target, reading: Reading) -> tuple[str, str]:
    """Return (root cause, what came instead) for a plain request that brought no stream."""
    if not reading.accepted:
        cause = "stream.first-event" if target.ledger.red("stream.first-event") else ""
        return cause or target.dialect.plain_row, answer(reading)
    suspects = (
        "headers.media-type",
        "headers.identity-encoding",
        "stream.first-event",
        "payload.nonempty",
        "transport.chunks-well-formed",
        "transport.delimited",
        "transport.terminated",
        "transport.body-only",
        "sse.fields",
        "sse.bom-inside",
        "sse.final-blank-line",
        "sse.data",
        "headers.no-content-length",
    )
    red = [suspect for suspect in suspects if target.ledger.red(suspect)]
    return (red[0] if red else target.dialect.plain_row), answer(reading)
