"""The rules of a run: the requirements and judges that all dialects share, and the dialect's own.

They are a value of the run. What declares them is imported by name, once for each dialect: the
judges, and the cases of requirements that need several exchanges.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from streamchat_conformance.catalogue import (
    SHARED,
    Declarations,
    Level,
    LevelChange,
    Requirement,
)
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import (  # noqa: F401 - they declare the shared requirements
    error,
    headers,
    injection,
    payload,
    persistence,
    request,
    sse,
    stream,
    transport,
)
from streamchat_conformance.judges.hazards import spilled_text
from streamchat_conformance.judges.judge import SHARED_JUDGES, Judge, Judges
from streamchat_conformance.judges.reading import Reading

SPILLED = "text of the request became a line of its own"
"""What findings on a stream say first that has come to pieces by that."""
SHARED_PACKAGE = "streamchat_conformance"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a server of one dialect is held to."""

    dialect: Dialect
    catalogue: Mapping[str, Requirement]
    """Every requirement by id, in alphabetical order."""
    judges: Mapping[str, Judge]
    """The judges by requirement id, in the order of their declaration."""
    kinds: Mapping[str, Expectation]
    """Requirements about one kind of request, and what is expected of such a request."""
    rule_set: str = "current"
    """The frozen rule set that the levels are of."""

    def with_requirements(self, changed: Mapping[str, Requirement]) -> Rules:
        """Return the rules with some requirements replaced, in their judges, too."""
        return replace(
            self,
            catalogue={**self.catalogue, **changed},
            judges={
                id_: replace(judge, requirement=changed.get(id_, judge.requirement))
                for id_, judge in self.judges.items()
            },
        )

    def judge_all(
        self, reading: Reading, ids: Iterable[str] | None = None
    ) -> Iterator[tuple[str, list[Finding]]]:
        """Yield (requirement id, findings) for each judge that this exchange lets decide."""
        for id_ in self.judges if ids is None else ids:
            findings = self.judges[id_](reading)
            if findings and id_.startswith(self._of_streams) and spilled_text(reading):
                findings = [
                    replace(each, message=f"{SPILLED}: {each.message}") for each in findings
                ]
            if findings is not None:
                yield id_, findings

    @property
    def _of_streams(self) -> tuple[str, ...]:
        """How the ids of requirements on what a stream says begin."""
        return "sse.", "payload.", "transport.body-only", f"{self.dialect.name}."


@cache
def rules_of(dialect_name: str) -> Rules:
    """Return the rules of a dialect. Raises UnknownDialectError.

    Raises ValueError where a dialect changes or leaves out a requirement that does not exist, or
    has one that needs a capability which it does not name.
    """
    dialect = dialect_named(dialect_name)
    declarations, judges = _declared(SHARED_PACKAGE, SHARED, SHARED_JUDGES), SHARED_JUDGES.by_id
    own = importlib.import_module(f"{dialect.package}.rules")
    own_declarations = _declared(dialect.package, own.DECLARATIONS, own.JUDGES)
    own_judges = own.JUDGES
    if dialect.declaration is not None:
        made, own_judges = own.made_for(dialect, declarations)
        own_declarations = made.by_id
    # A dialect may give a shared requirement that it does without a meaning of its own.
    if taken := (declarations.keys() - dialect.without) & own_declarations.keys():
        raise ValueError(f"dialect {dialect.name}: {min(taken)} is a shared requirement")
    if absent := (dialect.levels.keys() | dialect.without) - declarations.keys():
        raise ValueError(f"dialect {dialect.name}: there is no shared {min(absent)}")
    known = set(dialect.known_capabilities.values())
    if strange := [id_ for id_, entry in own_declarations.items() if {*entry.needs} - known]:
        raise ValueError(f"dialect {dialect.name}: {min(strange)} needs an unknown capability")
    catalogue = {
        id_: replace(
            entry,
            level=dialect.levels.get(id_, entry.level),
            change=_change(dialect, id_, entry.level),
        )
        for id_, entry in {**declarations, **own_declarations}.items()
        if id_ in own_declarations or (id_ not in dialect.without and known.issuperset(entry.needs))
    }
    return Rules(
        dialect,
        dict(sorted(catalogue.items())),
        {
            id_: replace(judge, requirement=catalogue[id_])
            for id_, judge in {**judges, **own_judges.by_id}.items()
            if id_ in catalogue
        },
        {
            id_: expectation
            for id_, expectation in {**SHARED_JUDGES.kinds, **own_judges.kinds}.items()
            if id_ in catalogue
        },
    )


def _change(dialect: Dialect, id_: str, shared: Level) -> LevelChange | None:
    """Return what a user has changed in a dialect's level of a requirement, if anything."""
    if id_ not in dialect.lowered:
        return None
    before, by = dialect.lowered[id_]
    return LevelChange(before or shared, by)


def _declared(package: str, declarations: Declarations, judges: Judges) -> dict[str, Requirement]:
    """Import what declares an owner's requirements; return them by id."""
    for part in ("judges", "cases"):
        home = importlib.import_module(f"{package}.{part}")
        for module in sorted(entry.name for entry in pkgutil.iter_modules(home.__path__)):
            importlib.import_module(f"{package}.{part}.{module}")
    missing = judges.by_id.keys() - declarations.by_id.keys()
    if missing:
        raise ValueError(f"{package}: {min(missing)} has a judge and is not declared")
    return declarations.by_id
