"""Judges: pure functions from one reading to findings, each the meaning of one requirement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from streamchat_conformance.catalogue import Capability, Layer, Level, Requirement, declare
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.judges.reading import Reading

Verdict = Iterable[Finding] | None
"""What a judge returns: findings, none for a clean exchange; None when it decides nothing."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A requirement and the function that decides it from one exchange."""

    requirement: Requirement
    decide: Callable[[Reading], Verdict]

    def __call__(self, reading: Reading) -> list[Finding] | None:
        """Return the findings on this exchange, or None when it decides nothing."""
        verdict = self.decide(reading)
        return None if verdict is None else list(verdict)


JUDGES: dict[str, Judge] = {}
"""All judges by requirement id, in the order of their declaration."""


def judge(
    id: str,  # noqa: A002 - the word the catalogue, the reports and the docs use
    level: Level,
    title: str,
    *,
    source: str,
    needs: Capability | Sequence[Capability] = (),
    layer: Layer = Layer.APPLICATION,
) -> Callable[[Callable[[Reading], Verdict]], Judge]:
    """Declare a requirement that one exchange decides, and the function that decides it."""
    capabilities = (needs,) if isinstance(needs, Capability) else tuple(needs)
    entry = declare(
        Requirement(id=id, level=level, title=title, source=source, needs=capabilities, layer=layer)
    )

    def register(decide: Callable[[Reading], Verdict]) -> Judge:
        JUDGES[id] = Judge(entry, decide)
        return JUDGES[id]

    return register


def judge_all(
    reading: Reading, ids: Iterable[str] | None = None
) -> Iterator[tuple[str, list[Finding]]]:
    """Yield (requirement id, findings) for each judge that this exchange lets decide."""
    for id_ in JUDGES if ids is None else ids:
        findings = JUDGES[id_](reading)
        if findings is not None:
            yield id_, findings
