"""The MUSTs of the conformance suite, as the load tests hold streams to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.judges import Reading, rules_of

from streamchat_load.dialects.dialect import EventViolation
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamchat_conformance.core.exchange import Exchange
    from streamchat_conformance.dialects.interface import Dialect


class BrokenRow(Protocol):
    """What is wrong, and with which requirement."""

    @property
    def row(self) -> str:
        """The requirement's id."""

    @property
    def message(self) -> str:
        """What is wrong."""

    @property
    def expected(self) -> str:
        """What should have come."""


class MustRows:
    """The MUSTs of one dialect, and the class of fault that a stream has which breaks one.

    What a stream only should do is no fault of it. A row without a class is `PAYLOAD`.
    """

    def __init__(self, dialect: str, faults: Mapping[str, StreamFault]) -> None:
        self._musts = frozenset(
            id_
            for id_, judge in rules_of(dialect).judges.items()
            if judge.requirement.level is MUST
        )
        self._faults = dict(faults)

    def violation(self, problems: Iterable[BrokenRow]) -> EventViolation | None:
        """Return the first problem with a MUST as what is wrong with the stream."""
        for found in problems:
            if found.row in self._musts:
                fault = self._faults.get(found.row, StreamFault.PAYLOAD)
                return EventViolation(fault, f"{found.row}: {found.message}", found.expected)
        return None


def must_findings(exchange: Exchange, name: str, dialect: Dialect | None = None) -> list[str]:
    """Return the MUSTs that a recorded stream breaks, as the conformance suite's judges find.

    `dialect` is the one of that name, or the same for one deployment.
    """
    rules = rules_of(name)
    asked = [
        id_
        for id_, judge in rules.judges.items()
        if judge.requirement.level is MUST and not judge.requirement.needs
    ]
    reading = Reading(exchange, dialect=dialect or rules.dialect)
    return [
        f"{id_}: {findings[0].message}"
        for id_, findings in rules.judge_all(reading, asked)
        if findings
    ]
