"""The catalogue of requirements: each is declared once, next to the code that decides it.

A requirement that one exchange can decide is declared by its judge; one that needs several
exchanges, or the course of time, is declared by its case. Either way its id, level, sentence
and source stand right above the code.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from streamchat_conformance.catalogue.capability import Capability
from streamchat_conformance.core.nearest import did_you_mean, nearest_of

Case = TypeVar("Case", bound=Callable[..., object])


class Level(StrEnum):
    """How much a failed requirement weighs."""

    MUST = "MUST"
    """Failing it makes the server nonconformant."""
    SHOULD = "SHOULD"
    """Reported; fails the run only with `--fail-on should`."""
    MAY = "MAY"
    """Observed and printed; never fails a run."""


MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


class Layer(StrEnum):
    """Which part of a deployment decides a requirement."""

    APPLICATION = "application"
    """The endpoint's own code, with the framework and middleware that it uses."""
    SERVER = "server"
    """The HTTP server that runs the application, or a proxy in front of it."""


APPLICATION, SERVER = Layer.APPLICATION, Layer.SERVER


_ID = re.compile(r"[a-z][a-z0-9_-]*\.[a-z0-9]+(-[a-z0-9]+)*")
_CUSTOM_ID = re.compile(r"x(-[a-z0-9]+)+(\.[a-z0-9]+(-[a-z0-9]+)*)?")
CUSTOM_AREA = "x"
"""The area of custom checks whose ids name none."""


def area_of(id_: str) -> str:
    """Return the area of an id: the part before the point; of a custom id without one, `x`."""
    area, point, _ = id_.partition(".")
    return CUSTOM_AREA if not point and is_custom(id_) else area


def is_custom(id_: str) -> bool:
    """Return whether an id is that of a custom check: `x-name` or `x-area.name`."""
    return id_.startswith("x-")


@dataclass(frozen=True, slots=True)
class LevelChange:
    """Why a requirement has another level in a run than the one it was declared with."""

    declared: Level
    by: str
    """Who changed it, in a few words: `[levels] in server.toml`."""
    newer: bool = False
    """Whether the requirement is newer than the rule set of the run: reported, never gating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One sentence that a server is held to."""

    id: str
    """Stable key, `area.name`: reports, known failures, faulty servers and docs all use it."""
    level: Level
    title: str
    """The requirement, as one sentence."""
    source: str
    """Where it comes from: the article, a standard's section, or practice."""
    needs: tuple[Capability, ...] = ()
    """Capabilities without which the requirement is not applicable."""
    layer: Layer = Layer.APPLICATION
    """Which part of a deployment decides it."""
    change: LevelChange | None = None
    """What changed its level for this run; None where the level is the declared one."""

    def __post_init__(self) -> None:
        if not (_ID.fullmatch(self.id) or _CUSTOM_ID.fullmatch(self.id)):
            raise ValueError(f"requirement id {self.id!r} is not of the form area.some-name")
        if not self.title.endswith("."):
            raise ValueError(f"{self.id}: the title is a sentence and ends with a full stop")

    @property
    def area(self) -> str:
        """The part of the id before the point."""
        return area_of(self.id)

    @property
    def custom(self) -> bool:
        """Whether it is a custom check of the user's."""
        return is_custom(self.id)

    @property
    def level_text(self) -> str:
        """The level as reports show it: with what changed it, if anything did."""
        return level_text(self.level, self.change)


def level_text(level: Level, change: LevelChange | None) -> str:
    """Return a level for readers: with the declared one, and with what changed it."""
    if change is None:
        return level.value
    if change.newer:
        return f"{change.declared}, not gating: {change.by}"
    return f"{level} by {change.by}, {change.declared} by default"


class UnknownRequirementError(ValueError):
    """An id or glob that names no requirement; the message names the nearest ids."""


class Declarations:
    """The requirements that one owner declares: the shared part of the suite, or a dialect."""

    def __init__(self) -> None:
        self.by_id: dict[str, Requirement] = {}

    def declare(self, entry: Requirement) -> Requirement:
        """Enter a requirement. Raises ValueError when its id is taken."""
        known = self.by_id.setdefault(entry.id, entry)
        if known != entry:
            raise ValueError(f"requirement {entry.id} is declared twice, differently")
        return entry

    def requirement(
        self,
        id: str,  # noqa: A002 - the word the catalogue, the reports and the docs use
        level: Level,
        title: str,
        *,
        source: str,
        needs: Capability | Sequence[Capability] = (),
        layer: Layer = Layer.APPLICATION,
    ) -> Callable[[Case], Case]:
        """Declare a requirement and tie the decorated case to it."""
        entry = Requirement(
            id=id,
            level=level,
            title=title,
            source=source,
            needs=(needs,) if isinstance(needs, Capability) else tuple(needs),
            layer=layer,
        )
        return decides(self.declare(entry).id)


SHARED = Declarations()
"""What all dialects share."""

requirement = SHARED.requirement


def decides(id_: str) -> Callable[[Case], Case]:
    """Tie a case to a requirement that is declared elsewhere: by a judge."""

    def tie(case: Case) -> Case:
        case.__requirement_id__ = id_  # type: ignore[attr-defined]  # read back by the plugin
        return case

    return tie


def decides_own(*rows: str) -> Callable[[Case], Case]:
    """Tie a case to requirements of a dialect whose ids are known only in a run.

    The plugin makes a case for each of these rows that the run's dialect has: the rows are the
    parts of the ids behind the point.
    """

    def tie(case: Case) -> Case:
        case.__own_rows__ = rows  # type: ignore[attr-defined]  # read back by the plugin
        return case

    return tie


def select(ids: Iterable[str], globs: Sequence[str]) -> set[str]:
    """Return the ids that the globs leave: `payload.*` includes, `!payload.id` excludes.

    Exclusions apply last. With no including glob, everything is included first.
    Raises UnknownRequirementError for a glob that matches no id.
    """
    everything = list(ids)
    including = [glob for glob in globs if not glob.startswith("!")]
    excluding = [glob[1:] for glob in globs if glob.startswith("!")]
    chosen: set[str] = set() if including else set(everything)
    for glob in including:
        chosen |= _matching(glob, everything)
    for glob in excluding:
        chosen -= _matching(glob, everything)
    return chosen


def _matching(glob: str, ids: Sequence[str]) -> set[str]:
    matched = {known for known in ids if fnmatch.fnmatchcase(known, glob)}
    if not matched:
        hint = did_you_mean(nearest_of(glob, ids, most=3, cutoff=0.5))
        raise UnknownRequirementError(f"no requirement matches {glob!r}" + (hint and f"; {hint}"))
    return matched
