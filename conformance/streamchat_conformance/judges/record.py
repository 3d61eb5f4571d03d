"""Requirements that the record of a whole stream decides, one row each.

A record is what a dialect makes of a stream's events, read once and in order: what is wrong, by
requirement, and on which requirements it says something at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Protocol, TypeAlias

from streamchat_conformance.catalogue import Capability, Level
from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges.judge import Evidence, Judges, Verdict
from streamchat_conformance.judges.payload import block_nonconformity
from streamchat_conformance.judges.reading import Reading

RecordRow: TypeAlias = tuple[str, Level, str, str]
"""A requirement that a record decides: id, level, sentence, source."""


class PlacedProblem(Protocol):
    """What is wrong with an event, and with which requirement."""

    @property
    def row(self) -> str:
        """The requirement's id."""

    @property
    def message(self) -> str:
        """What is wrong."""

    @property
    def expected(self) -> str:
        """What would be right."""

    @property
    def block(self) -> Block:
        """The event."""


class StreamRecord(Protocol):
    """What the events of a stream said, as far as its requirements are concerned."""

    @property
    def problems(self) -> Mapping[str, Sequence[PlacedProblem]]:
        """What is wrong, by requirement."""

    @property
    def decided(self) -> AbstractSet[str]:
        """The requirements on which the stream says something, be it that all is well."""


def nonconformities_of(reading: Reading, problems: Iterable[PlacedProblem]) -> list[Nonconformity]:
    """Return problems as findings, with their places in what was received."""
    return [
        block_nonconformity(reading, each.block, each.message, each.expected) for each in problems
    ]


def declare_rows(
    judges: Judges,
    record: Callable[[Reading], StreamRecord | None],
    rows: Iterable[RecordRow],
    *,
    needs: Mapping[str, Capability],
    evidence: Evidence,
) -> None:
    """Declare requirements, each with the judge that asks the record of an exchange for it.

    `needs` names the capability without which a requirement does not apply.
    """
    for id_, level, title, source in rows:
        capability = needs.get(id_, ())
        declared = judges.judge(
            id_, level, title, source=source, needs=capability, evidence=evidence
        )
        declared(partial(_decided, id_, record))


def _decided(
    id_: str, record: Callable[[Reading], StreamRecord | None], reading: Reading
) -> Verdict:
    found = record(reading)
    if found is None:
        return None
    problems = found.problems.get(id_, [])
    if problems:
        return nonconformities_of(reading, problems)
    return [] if id_ in found.decided else None
