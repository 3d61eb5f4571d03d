"""The verdict on a requirement that a judge decides, from all that the run has recorded."""

from __future__ import annotations

from streamchat_conformance.catalogue import ECHO
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.judges import Reading, rules_of
from streamchat_conformance.judges.reading import CUT_BY_LENGTH
from streamchat_conformance.judges.request import answer
from streamchat_conformance.suite.target.overload import admitted, rate_limited
from streamchat_conformance.suite.target.repeated_text import BROKEN_WITHOUT_ECHO
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import (
    NOTHING_SEEN,
    Barred,
    Blocked,
    NotApplicable,
    NothingSeen,
    Violation,
)

_CODING = "headers.identity-encoding"
_LENGTH = "headers.no-content-length"
_STREAM_AREAS = ("headers.", "transport.", "sse.", "payload.", "stream.")


def verdict(target: Target, id_: str) -> int:
    """Return how many exchanges decided a judged requirement, none of them against it.

    Raises Violation, Blocked or NotApplicable.
    """
    requirement = target.ledger.rules.catalogue[id_]
    target.require_needs(requirement)
    judged = target.ledger.verdict(id_)
    if id_ in BROKEN_WITHOUT_ECHO:
        target.require(ECHO)
    if judged:
        return judged
    raise _undecided(target, id_)


def _undecided(target: Target, id_: str) -> Exception:
    """Return why no exchange decided a requirement."""
    baseline = target.baseline
    causes: dict[str, tuple[str, ...]] = {
        "headers.connection-keep-alive": ("headers.connection-persistent",),
        "headers.no-cache": ("headers.cache-control",),
        "transport.delimited": ("transport.version",),
        "transport.chunked": ("transport.version", "transport.delimited"),
    }
    reason = "no exchange was left to judge"
    if id_.startswith("error."):
        rows = sorted(target.ledger.rules.kinds)
        causes[id_] = (*rows, "error.not-streamed", "error.media-type")
        reason = "nothing was refused as it should be"
    elif id_.startswith("request."):
        causes[id_] = ("error.not-streamed",)
        reason = "refusals are reported in-band"
    cause = next((cause for cause in causes.get(id_, ()) if target.ledger.red(cause)), "")
    if cause:
        return Blocked(cause, reason)
    if id_.startswith(_STREAM_AREAS) and not baseline.streams and id_ != baseline.cause:
        return Blocked(baseline.cause, baseline.problem)
    withheld = target.ledger.withheld.get(id_, "")
    if withheld and id_.startswith(_STREAM_AREAS) and target.ledger.red(_CODING):
        return Blocked(_CODING, withheld)
    if withheld == CUT_BY_LENGTH and target.ledger.red(_LENGTH):
        return Blocked(_LENGTH, withheld)
    if withheld:
        return NotApplicable(f"it could not be judged: {withheld}")
    return NothingSeen(NOTHING_SEEN)


def settled(target: Target, id_: str, raised: BaseException | None) -> BaseException | None:
    """Return what becomes of a requirement whose case ended with `raised`; None if it passes.

    The case made its exchanges; now all that was recorded decides. A case whose own requests decide
    nothing does not hide a breach in other exchanges.
    """
    if id_ not in target.ledger.rules.judges:
        return raised
    if raised is not None and not isinstance(raised, NotApplicable):
        return raised
    try:
        verdict(target, id_)
    except Violation as found:
        return found
    except (Blocked, NotApplicable) as outcome:
        return raised or outcome
    return raised


def check(reading: Reading, *ids: str) -> Reading:
    """Raise Violation if an exchange breaks one of these judged requirements.

    Raises NoRoom where the server has put the request off for too long, and Barred where something
    else than the request is in the way: that decides nothing.
    """
    judges = rules_of(reading.dialect.name).judges
    verdicts = [judges[id_](reading) for id_ in ids]
    found = [(finding, reading.exchange) for each in verdicts for finding in (each or [])[:1]]
    if found:
        raise Violation(*found)
    if reading.barred and all(each is None for each in verdicts):
        text = reading.error_text or answer(reading)
        raise Barred(f"refused because of {reading.barred}: {text[:160]}")
    return admitted(reading) if rate_limited(reading) else reading


def violation(id_: str, message: str, expected: str, reading: Reading) -> Violation:
    """Return the Violation of a case that judges by itself: what came back is the evidence."""
    return Violation((Finding(id_, message, expected, answer(reading)), reading.exchange))
