"""Learning the oracle of one shape of request from a few streams."""

from __future__ import annotations

import math
import re
import time
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.preflight.said_learning import with_said
from streamchat_load.verification.event_order import number_of
from streamchat_load.verification.expected_body import ExpectedBody, learn_body
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.template import NONCE_DIGITS, StreamTemplate, learn_template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_load.client.reading import StreamReading
    from streamchat_load.dialects.dialect import LoadDialect

_CLOCK = re.compile(r"\d{1,2}:\d{2}|\d{10}")
"""What a time of day or seconds since 1970 look like, among other things."""

_MINUTES = re.compile(r"(?<![\d:])\d{1,2}:(\d{2})(?!:?\d)")


def learn_oracle(readings: Sequence[StreamReading], read_s: float | None = None) -> Oracle:
    """Return what three streams of one shape have in common.

    The first two have `LEARNING_NONCES`, the third a nonce of its own, which proves the rule.
    Under load, streams without an end are read for as many events as came within `read_s` of the
    first; None: for as many as all three had.
    """
    sound = [reading for reading in readings if reading.evidence is None]
    first = next((reading for reading in sound if reading.verifier.texts), None)
    if first is None:
        return Oracle()
    dialect = first.verifier.dialect
    echo = dialect.echoes((first.verifier.texts or [""])[0], first.verifier.sent)
    ended = all(reading.outcome is StreamOutcome.VERIFIED for reading in readings)
    running = all(reading.outcome is StreamOutcome.OPEN_AT_END for reading in readings)
    lengths = {len(reading.verifier.texts or []) for reading in readings}
    bodies = {reading.body_bytes for reading in readings}
    agreed = len(sound) == len(readings) and (running or (ended and len(lengths) == 1))
    template, by_content = _template(readings) if agreed else (None, False)
    expected_body = (
        _expected_body(readings, dialect) if template and ended and not by_content else None
    )
    first_number = _first_number(readings)
    found = Oracle(
        template=template,
        by_content=by_content,
        expected_body=expected_body,
        length=lengths.pop() if ended and len(lengths) == 1 else None,
        body_bytes=bodies.pop() if ended and len(bodies) == 1 else None,
        echo=echo,
        numbered=first_number is not None,
        first_number=first_number,
        read_events=_read_events(readings, read_s) if running else None,
    )
    return with_said(found, readings)


def _read_events(readings: Sequence[StreamReading], read_s: float | None) -> int:
    """Return for how many events streams without an end are read."""
    counts = []
    for reading in readings:
        stamps_s = reading.stamps_s
        until_s = stamps_s[0] + read_s if stamps_s and read_s is not None else math.inf
        counts.append(bisect_right(stamps_s, until_s))
    return max(1, min(counts))


def _template(readings: Sequence[StreamReading]) -> tuple[StreamTemplate | None, bool]:
    """Return the rule behind the events' texts, else the one behind their contents, if any."""
    nonce = readings[2].verifier.sent.nonce
    first, second, third = (reading.verifier.texts or [] for reading in readings)
    template = learn_template(first, second, third, nonce)
    if template is not None:
        return template, False
    first, second, third = (reading.verifier.contents for reading in readings)
    template = learn_template(first, second, third, nonce)
    return template, template is not None


def _expected_body(readings: Sequence[StreamReading], dialect: LoadDialect) -> ExpectedBody | None:
    """Return the rule behind the bodies of three streams that ended, or None."""
    bodies = [reading.verifier.retained_body for reading in readings]
    whole = [body for body in bodies if body is not None]
    if len(whole) < len(bodies):
        return None
    nonce = readings[2].verifier.sent.nonce
    return learn_body(whole, nonce, dialect.content, dialect.text)


def _first_number(readings: Sequence[StreamReading]) -> int | None:
    """Return the first event's number where ids number the events of each stream; else None.

    Streams must begin with the same one: numbers that continue from stream to stream come
    from a counter of the whole server, and under load those of one stream have gaps.
    """
    firsts = set()
    for reading in readings:
        numbers = [number_of(identifier) for identifier in reading.verifier.ids]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers) or len(known) < 2:
            return None
        if any(later != earlier + 1 for earlier, later in pairwise(known)):
            return None
        firsts.add(known[0])
    return firsts.pop() if len(firsts) == 1 else None


def may_have_a_clock(oracle: Oracle, dialect: LoadDialect) -> bool:
    """Return whether the expected texts may have a clock: they may differ a second later."""
    return any(_CLOCK.search(text) for text in _fixed_texts(oracle, dialect))


def has_the_minute(oracle: Oracle, dialect: LoadDialect) -> bool:
    """Return whether the expected texts have the present time of day, without seconds."""
    now_s = time.time()
    minutes = {time.strftime("%M", time.gmtime(now_s - back_s)) for back_s in (0, 60)}
    return any(minutes & set(_MINUTES.findall(text)) for text in _fixed_texts(oracle, dialect))


def _fixed_texts(oracle: Oracle, dialect: LoadDialect) -> list[str]:
    """Return the expected texts apart from their nonce."""
    if oracle.template is None:
        return []
    texts = oracle.template.texts("x" * NONCE_DIGITS)
    if oracle.by_content:
        return texts
    return [dialect.content("message", text) or text for text in texts]
