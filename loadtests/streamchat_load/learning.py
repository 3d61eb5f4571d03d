"""What a few streams of one shape have in common: the oracle for all that follow."""

from __future__ import annotations

import math
import re
import time
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from streamchat_load.foretold import ForetoldBody, learn_body
from streamchat_load.ledger import Outcome
from streamchat_load.oracle import Oracle
from streamchat_load.order import number_of
from streamchat_load.template import NONCE_DIGITS, StreamTemplate, learn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_load.payload import Payload
    from streamchat_load.reading import Reading

_CLOCK = re.compile(r"\d{1,2}:\d{2}|\d{10}")
"""What a time of day or seconds since 1970 look like, among other things."""

_MINUTES = re.compile(r"(?<![\d:])\d{1,2}:(\d{2})(?!:?\d)")


def agree(readings: Sequence[Reading], read_s: float | None = None) -> Oracle:
    """Return what three streams of one shape have in common.

    The first two have `LEARNING_NONCES`, the third a nonce of its own, which proves the rule.
    Under load, streams without an end are read for as many events as came within `read_s` of the
    first; None: for as many as all three had.
    """
    sound = [reading for reading in readings if reading.evidence is None]
    first = next((reading for reading in sound if reading.verifier.texts), None)
    if first is None:
        return Oracle()
    payload = first.verifier.payload
    echo = payload.echoes((first.verifier.texts or [""])[0], first.verifier.sent)
    ended = all(reading.outcome is Outcome.VERIFIED for reading in readings)
    running = all(reading.outcome is Outcome.OPEN_AT_END for reading in readings)
    lengths = {len(reading.verifier.texts or []) for reading in readings}
    bodies = {reading.body_bytes for reading in readings}
    agreed = len(sound) == len(readings) and (running or (ended and len(lengths) == 1))
    template, by_content = _template(readings) if agreed else (None, False)
    foretold = _foretold(readings, payload) if template and ended and not by_content else None
    first_number = _first_number(readings)
    return Oracle(
        template=template,
        by_content=by_content,
        foretold=foretold,
        length=lengths.pop() if ended and len(lengths) == 1 else None,
        body_bytes=bodies.pop() if ended and len(bodies) == 1 else None,
        echo=echo,
        numbered=first_number is not None,
        first_number=first_number,
        read_events=_read_events(readings, read_s) if running else None,
    )


def _read_events(readings: Sequence[Reading], read_s: float | None) -> int:
    """Return for how many events streams without an end are read."""
    counts = []
    for reading in readings:
        stamps_s = reading.stamps_s
        until_s = stamps_s[0] + read_s if stamps_s and read_s is not None else math.inf
        counts.append(bisect_right(stamps_s, until_s))
    return max(1, min(counts))


def _template(readings: Sequence[Reading]) -> tuple[StreamTemplate | None, bool]:
    """Return the rule behind the events' texts, else the one behind their contents, if any."""
    nonce = readings[2].verifier.sent.nonce
    first, second, third = (reading.verifier.texts or [] for reading in readings)
    template = learn(first, second, third, nonce)
    if template is not None:
        return template, False
    first, second, third = (reading.verifier.contents for reading in readings)
    template = learn(first, second, third, nonce)
    return template, template is not None


def _foretold(readings: Sequence[Reading], payload: Payload) -> ForetoldBody | None:
    """Return the rule behind the bodies of three streams that ended, or None."""
    bodies = [reading.verifier.kept_body for reading in readings]
    whole = [body for body in bodies if body is not None]
    if len(whole) < len(bodies):
        return None
    nonce = readings[2].verifier.sent.nonce
    return learn_body(whole, nonce, payload.content, payload.text)


def _first_number(readings: Sequence[Reading]) -> int | None:
    """Return the first event's number where ids number the events of each stream; else None.

    Streams must begin with the same one: numbers that go on from stream to stream are drawn
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


def may_tell_the_time(oracle: Oracle, payload: Payload) -> bool:
    """Tell whether a clock may be in what is foretold: it may not be so a second later."""
    return any(_CLOCK.search(text) for text in _fixed_texts(oracle, payload))


def tells_the_minute(oracle: Oracle, payload: Payload) -> bool:
    """Tell whether what is foretold has a time of day without seconds, and it is now's."""
    now_s = time.time()
    minutes = {time.strftime("%M", time.gmtime(now_s - back_s)) for back_s in (0, 60)}
    return any(minutes & set(_MINUTES.findall(text)) for text in _fixed_texts(oracle, payload))


def _fixed_texts(oracle: Oracle, payload: Payload) -> list[str]:
    """Return what is foretold of the events, whatever the nonce."""
    if oracle.template is None:
        return []
    texts = oracle.template.texts("x" * NONCE_DIGITS)
    if oracle.by_content:
        return texts
    return [payload.content("message", text) or text for text in texts]
