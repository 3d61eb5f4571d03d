"""A custom check: a requirement, and the user's function that decides it from one exchange."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from streamchat_conformance.catalogue import APPLICATION, Layer, Level, Requirement, is_custom
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges import Judge, Reading
from streamchat_conformance.judges.judge import Evidence

CheckFinding = Nonconformity
"""One way in which an exchange breaks a check."""

CheckVerdict = Iterable[CheckFinding | str] | None
"""What a check returns: problems, none for a clean exchange; None when it decides nothing."""

CheckFunction = Callable[[Reading], CheckVerdict]


class CheckError(ValueError):
    """A check is declared wrongly, or returned something else; the message is one line."""


class Check:
    """A check as a run has it. Called with an exchange, it judges it, and never raises."""

    def __init__(
        self, requirement: Requirement, function: CheckFunction, evidence: Evidence
    ) -> None:
        self.requirement = requirement
        self.function = function
        self.judge = Judge(requirement, self, evidence)
        self.failure = ""
        """How the function first failed itself, in one line; empty where it never did."""

    def __call__(self, reading: Reading) -> list[Nonconformity] | None:
        """Return the violations in an exchange; None where nothing is decided, or it failed."""
        try:
            found = self.function(reading)
            return None if found is None else [_nonconformity(each) for each in _listed(found)]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code
            self.failure = self.failure or self._described(error)
            return None

    def _described(self, error: BaseException) -> str:
        """Return an error in one line, with its place in the user's file."""
        source = self.function.__code__
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == source.co_filename]
        where = f"{Path(source.co_filename).name}, line {lines[-1] if lines else _line(self)}"
        kind = "" if isinstance(error, CheckError) else f"{type(error).__name__}: "
        return f"{kind}{' '.join(str(error).split())[:300]} ({where})"


def _nonconformity(found: object) -> Nonconformity:
    if isinstance(found, str):
        found = CheckFinding(found)
    if not isinstance(found, CheckFinding):
        raise CheckError(f"it returned {type(found).__name__!r} in place of a CheckFinding")
    texts = (found.message, found.expected, found.received)
    whole = found.offset is None or (type(found.offset) is int and found.offset >= 0)
    if not whole or not all(isinstance(text, str) for text in texts):
        raise CheckError("it returned a CheckFinding whose members are not strings, and an offset")
    return found


def _line(check: Check) -> int:
    return check.function.__code__.co_firstlineno


def _listed(found: object) -> list[object]:
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise CheckError(
            f"it returned {type(found).__name__!r}; return a list of problems, or None"
        )
    return list(found)


def check(
    id: str,  # noqa: A002 - the word the catalogue, the reports and the docs use
    level: Level,
    title: str,
    *,
    source: str = "",
    layer: Layer = APPLICATION,
    evidence: Evidence = Evidence.WHOLE,
) -> Callable[[CheckFunction], Check]:
    """Declare a check. Raises CheckError where the declaration is wrong."""
    given: tuple[tuple[object, type, str], ...] = (
        (id, str, "the id is a string"),
        (level, Level, "the level is MUST, SHOULD or MAY"),
        (title, str, "the title is a string"),
        (source, str, "the source is a string"),
        (layer, Layer, "the layer is APPLICATION or SERVER"),
        (evidence, Evidence, "the evidence is one of Evidence"),
    )
    for value, kind, right in given:
        if not isinstance(value, kind):
            raise CheckError(f"check {id!r}: {right}, not {value!r}")
    if not is_custom(id):
        raise CheckError(f"check {id!r}: the id of a custom check begins with 'x-'")

    def declared(function: CheckFunction) -> Check:
        if not hasattr(function, "__code__"):
            raise CheckError(f"check {id!r}: it decorates no function")
        place = f"{Path(function.__code__.co_filename).name}"
        try:
            entry = Requirement(
                id=id, level=level, title=title, source=source or place, layer=layer
            )
        except ValueError as error:
            message = str(error).replace("area.some-name", "x-name or x-area.name")
            raise CheckError(message) from None
        return Check(entry, function, evidence)

    return declared
