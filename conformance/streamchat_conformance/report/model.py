"""A JSON report read back: checked, typed, with its exchanges restored."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from streamchat_conformance.catalogue import Layer, Level, LevelChange, area_of, level_text
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.json_report import SCHEMA
from streamchat_conformance.report.layers import headline
from streamchat_conformance.rule_sets.frozen import CURRENT
from streamchat_conformance.suite.verdicts.outcomes import Outcome

REPORT_LIMIT_BYTES = 256 * 1024 * 1024
"""Larger files are not read: no run writes one."""

FAILING = frozenset({Outcome.FAIL, Outcome.BLOCKED})


class ReportError(ValueError):
    """A file or value that is not a report; the message is one line with mistake and cure."""


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """One finding of a report."""

    message: str
    expected: str
    received: str
    offset: int | None
    """Place in the exchange's received bytes."""
    replay: str
    exchange: int | None
    """Index into `Report.exchanges`."""
    request: str = ""
    """The request's first lines, where the command that replays it does not show them."""


@dataclass(frozen=True, slots=True)
class ReportedRequirement:
    """What a report says of one requirement."""

    id: str
    level: Level
    title: str
    source: str
    outcome: Outcome
    examples: int
    reason: str
    cause: str
    findings: tuple[ReportedFinding, ...]
    layer: Layer = Layer.APPLICATION
    change: LevelChange | None = None
    """What changed its level for the run, if anything did."""
    broken: int = 0
    """How many of the exchanges that decided it broke it; 0 where nobody counted."""

    @property
    def area(self) -> str:
        """The part of the id before the point."""
        return area_of(self.id)

    @property
    def level_text(self) -> str:
        """The level as reports show it: with what changed it, if anything did."""
        return level_text(self.level, self.change)

    @property
    def failing(self) -> bool:
        """Whether it failed, or was blocked by another one's failure."""
        return self.outcome in FAILING


@dataclass(frozen=True, slots=True)
class Report:
    """One run's report."""

    version: str
    """Of the suite."""
    url: str
    server: str
    dialect: str
    """The word of `--dialect`."""
    capabilities: Mapping[str, str]
    started: str
    duration_s: float
    generated_requests: int
    recorded_exchanges: int
    verdict: str
    reason: str
    """Why there is no verdict, or which part of the requirements was run."""
    hint: str
    cut_short: bool
    requirements: tuple[ReportedRequirement, ...]
    exchanges: tuple[Exchange, ...]
    times_s: Mapping[str, float] = field(default_factory=dict)
    http_server: str = ""
    """The HTTP server's name, with its version if that is known."""
    layer: Layer | None = None
    """The layer that was selected; None for both."""
    rule_set: str = CURRENT
    """The rule set that the target was held to."""
    source_file: str = ""
    """The file of the user's repository that findings are shown at, if one was named."""
    fail_on: str = "must"
    """The lowest level whose failures fail the run."""
    exit_code: int | None = None
    """Of the run; None where recordings were judged."""

    def count(
        self, *, level: Level | None = None, area: str = "", layer: Layer | None = None
    ) -> dict[Outcome, int]:
        """Return how many requirements had each outcome: of a level, area or layer, or of all."""
        counts = dict.fromkeys(Outcome, 0)
        for entry in self.requirements:
            fits = level in (None, entry.level) and layer in (None, entry.layer)
            if fits and area in ("", entry.area):
                counts[entry.outcome] += 1
        return counts

    def headline(self) -> str:
        """Return one line that says how many MUST requirements each layer fails."""
        return headline(lambda level, layer: self.count(level=level, layer=layer), self.http_server)

    def changed(self) -> list[ReportedRequirement]:
        """Return the requirements whose levels were changed for the run."""
        return [entry for entry in self.requirements if entry.change is not None]

    def gates(self, level: Level) -> bool:
        """Return whether a failure of a level fails the run."""
        return level is Level.MUST or (self.fail_on == "should" and level is Level.SHOULD)

    def areas(self) -> list[str]:
        """Return the areas in alphabetical order."""
        return sorted({entry.area for entry in self.requirements})


def load_report(file: Path) -> Report:
    """Read a report from a file. Raises ReportError, naming the file and the cure."""
    try:
        with file.open("rb") as stream:
            data = stream.read(REPORT_LIMIT_BYTES + 1)
    except OSError as error:
        raise ReportError(
            f"{file} cannot be read ({error.strerror}); name a file written by --report-json"
        ) from None
    if len(data) > REPORT_LIMIT_BYTES:
        raise ReportError(f"{file} has more than {REPORT_LIMIT_BYTES} bytes: it is no report")
    try:
        return report_from_json(json.loads(data))
    except ReportError as error:
        raise ReportError(f"{file}: {error}") from None
    except (ValueError, RecursionError):
        raise ReportError(f"{file} is not JSON; name a file written by --report-json") from None


def report_from_json(value: object) -> Report:
    """Return a report from its JSON value. Raises ReportError."""
    if not isinstance(value, dict) or "requirements" not in value:
        raise ReportError("this is not a report of the suite; write one with --report-json")
    if value.get("schema") != SCHEMA:
        raise ReportError(
            f"report schema {value.get('schema')!r} is not {SCHEMA}; "
            "read it with the version of the suite that wrote it"
        )
    members = _ReportMembers(value, "the report")
    target, summary = members.object("target"), members.object("summary")
    gate = members.object("gate") if "gate" in value else _ReportMembers({}, "the gate")
    report = Report(
        version=members.object("suite").text("version"),
        url=target.text("url"),
        server=target.text("server"),
        http_server=target.text("http_server", ""),
        dialect=target.text("dialect", DEFAULT),
        capabilities=target.texts("capabilities"),
        times_s=target.numbers("times_s"),
        started=members.text("started"),
        duration_s=members.number("duration_s"),
        generated_requests=members.count("generated_requests"),
        recorded_exchanges=members.count("recorded_exchanges"),
        verdict=summary.text("verdict"),
        reason=summary.text("reason", ""),
        hint=summary.text("hint", ""),
        layer=_selected_layer(summary.text("layer", "")),
        rule_set=members.object("rules").text("set") if "rules" in value else CURRENT,
        source_file=target.text("source_file", ""),
        fail_on=gate.text("fail_on", "must"),
        exit_code=gate.count_or_none("exit_code"),
        cut_short=value.get("cut_short") is True,
        requirements=tuple(map(_requirement, members.objects("requirements"))),
        exchanges=tuple(_exchanges(members.objects("exchanges"))),
    )
    for entry in report.requirements:
        for finding in entry.findings:
            if finding.exchange is not None and finding.exchange >= len(report.exchanges):
                raise ReportError(f"{entry.id} names exchange {finding.exchange}, which is missing")
    return report


def _requirement(members: _ReportMembers) -> ReportedRequirement:
    members.name = id_ = members.text("id")
    try:
        level, outcome = Level(members.text("level")), Outcome(members.text("outcome"))
        layer = Layer(members.text("layer", _layer_of(id_)))
    except ValueError as error:
        raise ReportError(f"{id_}: {error}; write the report with this version") from None
    return ReportedRequirement(
        id=id_,
        level=level,
        title=members.text("title"),
        source=members.text("source"),
        outcome=outcome,
        examples=members.count("examples"),
        reason=members.text("reason", ""),
        cause=members.text("cause", ""),
        findings=tuple(map(_finding, members.objects("findings"))),
        layer=layer,
        change=_change(members, id_),
        broken=members.count_or_none("broken") or 0,
    )


def _change(members: _ReportMembers, id_: str) -> LevelChange | None:
    if "level_change" not in members.members:
        return None
    change = members.object("level_change")
    try:
        declared = Level(change.text("declared"))
    except ValueError as error:
        raise ReportError(f"{id_}: {error}; write the report with this version") from None
    return LevelChange(declared, change.text("by"), newer=change.members.get("newer") is True)


def _selected_layer(name: str) -> Layer | None:
    try:
        return Layer(name) if name else None
    except ValueError as error:
        raise ReportError(f"{error}; write the report with this version") from None


def _layer_of(id_: str) -> str:
    """Return the layer of a requirement in a report that does not name it."""
    known = rules_of(DEFAULT).catalogue.get(id_)
    return (known.layer if known is not None else Layer.APPLICATION).value


def _finding(members: _ReportMembers) -> ReportedFinding:
    return ReportedFinding(
        message=members.text("message"),
        expected=members.text("expected"),
        received=members.text("received"),
        offset=members.count_or_none("offset"),
        replay=members.text("replay"),
        exchange=members.count_or_none("exchange"),
        request=members.text("request", ""),
    )


def _exchanges(found: list[_ReportMembers]) -> Iterator[Exchange]:
    for number, members in enumerate(found):
        try:
            yield Exchange.from_json(members.members)
        except ValueError as error:
            raise ReportError(f"exchange {number}: {error}") from None


class _ReportMembers:
    """The members of a JSON object, each asked for by name and kind. All raise ReportError."""

    def __init__(self, members: dict[str, Any], name: str) -> None:
        self.members = members
        self.name = name

    def text(self, member: str, default: str | None = None) -> str:
        value = self.members.get(member, default)
        if not isinstance(value, str):
            raise self._wrong(member, "a string")
        return value

    def number(self, member: str) -> float:
        value = self.members.get(member)
        if not _is_number(value):
            raise self._wrong(member, "a finite number")
        return float(value)

    def count(self, member: str) -> int:
        value = self.members.get(member)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(member, "a whole number from 0")
        return value

    def count_or_none(self, member: str) -> int | None:
        return None if self.members.get(member) is None else self.count(member)

    def object(self, member: str) -> _ReportMembers:
        value = self.members.get(member)
        if not isinstance(value, dict):
            raise self._wrong(member, "an object")
        return _ReportMembers(value, f"{self.name}'s {member}")

    def objects(self, member: str) -> list[_ReportMembers]:
        value = self.members.get(member)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(member, "an array of objects")
        return [_ReportMembers(item, f"{self.name}'s {member} {n}") for n, item in enumerate(value)]

    def texts(self, member: str) -> dict[str, str]:
        values = self.object(member).members
        if not all(isinstance(value, str) for value in values.values()):
            raise self._wrong(member, "an object of strings")
        return values

    def numbers(self, member: str) -> dict[str, float]:
        values = self.object(member).members
        if not all(_is_number(value) for value in values.values()):
            raise self._wrong(member, "an object of numbers")
        return values

    def _wrong(self, member: str, kind: str) -> ReportError:
        return ReportError(
            f"{self.name}: the member {member!r} is not {kind}; the file is damaged or no report"
        )


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300 and math.isfinite(value)
