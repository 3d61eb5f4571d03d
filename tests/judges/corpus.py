"""The corpus of recorded exchanges, as the suite's own exchanges."""

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import Reading, rules_of
from streamchat_fixtures.exchanges import ExchangeCase, load_exchanges

CASES = load_exchanges()


def exchange_of(case: ExchangeCase) -> Exchange:
    """Return the suite's form of a case."""
    limit = next((name for name in ("head_ms", "first_event_ms") if name in case.limits_ms), None)
    return Exchange(
        request=case.sent,
        reads=tuple(Read(read.at_ms / 1000, read.data) for read in case.reads),
        ending=Ending(case.ended),
        ended_at_s=case.ended_at_ms / 1000,
        sent_bytes=case.sent_bytes,
        limit=limit and f"{limit.removesuffix('_ms')}_s={case.limits_ms[limit] / 1000:g}",
        unrecorded_bytes=case.unrecorded_bytes,
        label=f"{case.name}.json",
    )


def reading_of(case: ExchangeCase, exchange: Exchange | None = None) -> Reading:
    """Return the reading of a case, or of another exchange under the same limits."""
    gap_limit_s = case.limits_ms.get("gap_ms", 15_000) / 1000
    return Reading(exchange or exchange_of(case), gap_limit_s=gap_limit_s)


def broken(reading: Reading) -> set[str]:
    """Return the ids of the requirements that a reading breaks."""
    return {id_ for id_, findings in rules_of(DEFAULT).judge_all(reading) if findings}
