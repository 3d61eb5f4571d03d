"""What was not recorded is never judged: a recording cut short neither breaks nor clears more."""

from dataclasses import replace
from random import Random

from grouped import each_of
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_fixtures.exchanges import ExchangeCase

from .corpus import CASES, exchange_of, reading_of

every_case = each_of(CASES, name=lambda case: case.name)
CUTS = 8
CUTS_OF_LONG = 2
"""A recording that is judged for long is cut at fewer places."""
LONG_BYTES = 64 * 1024


def cut_at(exchange: Exchange, size: int) -> Exchange:
    """Return an exchange of which only the first `size` bytes were recorded."""
    kept: list[Read] = []
    room = size
    for read in exchange.reads:
        if room > 0:
            kept.append(Read(read.at_s, read.data[:room]))
        room -= len(read.data)
    left_out = len(exchange.received) - size
    return replace(
        exchange, reads=tuple(kept), unrecorded_bytes=exchange.unrecorded_bytes + left_out
    )


def places(case: ExchangeCase) -> list[int]:
    """Return where to cut: anywhere, behind ends of lines, and before the last bytes."""
    size = len(case.received)
    chance = Random(case.name)
    ends = [at + 1 for at in range(size - 1) if case.received[at] in b"\n\r"]
    found = {0, *range(max(0, size - 7), size)} if size else set()
    cuts = CUTS_OF_LONG if len(case.sent) + size > LONG_BYTES else CUTS
    found.update(chance.sample(range(size), min(cuts, size)))
    return sorted(found.union(chance.sample(ends, min(cuts, len(ends)))))


@every_case
def test_what_was_not_recorded_decides_nothing(case: ExchangeCase) -> None:
    whole = exchange_of(case)
    verdicts = dict(rules_of(DEFAULT).judge_all(reading_of(case)))
    for number, size in enumerate(places(case)):
        ending = (whole.ending, Ending.OVERFLOW)[number % 2]
        part = replace(cut_at(whole, size), ending=ending)
        for id_, findings in rules_of(DEFAULT).judge_all(reading_of(case, part)):
            broken_before = bool(verdicts.get(id_))
            assert bool(findings) == broken_before, (id_, size, ending, findings)
