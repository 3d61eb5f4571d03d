"""Streams that were watched for long next to others: what took too long is watched again, alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from streamchat_conformance.judges.stream import NEXT_TO_OTHERS
from streamchat_conformance.recorder import Plan, record_together
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.target.confirming import confirmed
from streamchat_conformance.suite.target.stop_conditions import Watched

if TYPE_CHECKING:
    from streamchat_conformance.core.exchange import Exchange
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.target import Target


def watch_for_long(target: Target) -> None:
    """Watch streams for long; enter one that took too long if it does so alone as well."""
    Observations(target).long()
    for seen in target.known.observed["long"]:
        # What it would break if it had been alone.
        reading = target.ledger.read(_without_others(seen.exchange))
        if target.ledger.timed_news(reading):
            target.background.settle(within_s=2 * target.settings.observation_s)
            # The first one was entered among others, where this shows nothing.
            enter_confirmed(target, reading)
            return


def enter_confirmed(target: Target, reading: Reading) -> None:
    """Enter a stream that was watched for long, as it is, or as it comes alone in time."""
    again = partial(_again, target, reading)
    target.ledger.observe_reading(confirmed(target, reading, again))


def _without_others(exchange: Exchange) -> Exchange:
    return replace(exchange, notes=tuple({*exchange.notes} - NEXT_TO_OTHERS))


def _again(target: Target, reading: Reading) -> Reading:
    """Return the answer to the same request, watched as long, with no other one."""
    settings = target.settings
    watched_s, limits = settings.observation_s, settings.limits
    plan = Plan(
        endpoint=target.endpoint,
        request=reading.exchange.request,
        until=Watched(watched_s),
        label=f"{reading.exchange.label}, alone",
    )
    limits = replace(
        limits,
        idle_s=max(watched_s, settings.gap_limit_s + 1),
        total_s=watched_s + limits.first_event_s,
    )
    return target.ledger.read(record_together([plan], limits)[0])
