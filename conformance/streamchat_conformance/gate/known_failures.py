"""The list of known failures: a TOML file that is read, checked, applied and written.

    [[known-failure]]
    id = "error.media-type"
    reason = "the framework's own 400 is HTML; the error handler comes with version 2"
    issue = "https://tracker.example/17"
    expires = 2027-03-31

    [[flaky]]
    id = "resilience.slow-reader"
    reason = "the shared runner is slow"

A failure that is listed does not fail the run. What is listed and passes does, and so does an
entry that has expired: a list that nobody keeps up hides the next failure. What is flaky runs
and is reported, and never fails the run either way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from streamchat_conformance.core.nearest import nearest
from streamchat_conformance.core.toml_text import NotTomlError, read_toml
from streamchat_conformance.rule_sets.history import withdrawn
from streamchat_conformance.suite.config.typed import SettingsError, unknown_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

KNOWN = "known-failure"
FLAKY = "flaky"

_GENERATED = "found {day}: {message}"
_GENERATED_REASON = re.compile(r"found \d{4}-\d{2}-\d{2}: ")

_MEMBERS = ("id", "reason", "issue", "expires")


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One line of the list: a requirement that is known to fail, and why."""

    id: str
    reason: str
    issue: str = ""
    """Where it is being worked on, for people."""
    expires: date | None = None
    """The last day (UTC) on which the entry holds; None for no end."""

    @property
    def unexplained(self) -> bool:
        """Whether the reason is the generated one: nobody has said why the failure is accepted."""
        return _GENERATED_REASON.match(self.reason) is not None


@dataclass(frozen=True, slots=True)
class KnownFailures:
    """The whole list, by requirement id."""

    failures: Mapping[str, KnownFailure] = field(default_factory=dict)
    flaky: Mapping[str, KnownFailure] = field(default_factory=dict)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    """The day (UTC) by which entries expire."""
    preface: str = ""
    """The comment lines at the top of the file, kept when it is written again."""

    def expired(self) -> list[KnownFailure]:
        """Return the entries that hold no longer."""
        entries = (*self.failures.values(), *self.flaky.values())
        return [entry for entry in entries if entry.expires and entry.expires < self.today]

    def entry(self, id_: str) -> KnownFailure | None:
        """Return the entry for an id, if there is one and it still holds."""
        entry = self.failures.get(id_) or self.flaky.get(id_)
        return None if entry in self.expired() else entry

    def covering(self, id_: str, cause: str = "") -> KnownFailure | None:
        """Return the entry that excuses a failure, directly or through its root cause.

        What a known failure blocks cannot be judged: it need not be listed, too.
        """
        return self.entry(id_) or (self.entry(cause) if cause else None)


def generated_reason(today: date, message: str) -> str:
    """Return the reason of an entry that nobody has written yet."""
    return _GENERATED.format(day=today.isoformat(), message=message)


def load_known_failures(
    file: Path, ids: Collection[str], *, may_be_new: bool = False
) -> KnownFailures:
    """Read and check a list. `ids` are the requirements there are.

    With `may_be_new` a file that does not exist is an empty list. Raises SettingsError with one
    line that names the file, what is wrong in it, and what would be right.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as error:
        if may_be_new:
            return KnownFailures()
        raise SettingsError(
            f"--known-failures: {file} cannot be read ({error.strerror}); "
            "--update-known-failures writes it"
        ) from None
    except OSError as error:
        raise SettingsError(f"--known-failures: {file} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"--known-failures: {file} is not TOML: {error}") from None
    try:
        return parse_known_failures(text, ids)
    except SettingsError as error:
        raise SettingsError(f"--known-failures: {file}: {error}") from None


def parse_known_failures(text: str, ids: Collection[str]) -> KnownFailures:
    """Read a list from TOML text. Raises SettingsError."""
    try:
        document = read_toml(text)
    except NotTomlError as error:
        raise SettingsError(f"it is not TOML: {error}") from None
    return _checked(document, ids, _preface(text))


def _checked(document: dict[str, Any], ids: Collection[str], preface: str) -> KnownFailures:
    for name in document:
        if name not in (KNOWN, FLAKY):
            raise SettingsError(
                f"{name!r} is unknown; entries are written [[{KNOWN}]] or [[{FLAKY}]]"
            )
    seen: set[str] = set()
    lists: dict[str, dict[str, KnownFailure]] = {KNOWN: {}, FLAKY: {}}
    for kind, entries in lists.items():
        tables = document.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise SettingsError(f"{kind!r} must be an array of tables, written [[{kind}]]")
        for number, table in enumerate(tables, 1):
            if withdrawn(str(table.get("id", "")).strip()) is not None:
                continue  # a list stays good when a requirement is withdrawn
            entry = _entry(table, f"[[{kind}]] number {number}", ids)
            if entry.id in seen:
                raise SettingsError(f"{entry.id!r} is listed twice; keep one entry")
            seen.add(entry.id)
            entries[entry.id] = entry
    return KnownFailures(failures=lists[KNOWN], flaky=lists[FLAKY], preface=preface)


def _entry(table: dict[str, Any], place: str, ids: Collection[str]) -> KnownFailure:
    for name in table:
        if name not in _MEMBERS:
            raise SettingsError(f"{place}: {name!r} is unknown; {nearest(name, _MEMBERS)}")
    texts = {}
    for name in ("id", "reason", "issue"):
        value = table.get(name, "")
        if not isinstance(value, str):
            raise SettingsError(f"{place}: {name!r} must be a string, not {value!r}")
        texts[name] = value.strip()
    if not texts["id"]:
        raise SettingsError(f"{place}: it needs an 'id'")
    id_ = texts["id"]
    if id_ not in ids:
        raise SettingsError(f"{place}: {unknown_id(id_, ids)}")
    if not texts["reason"]:
        raise SettingsError(f"{place}: {id_} needs a 'reason': say why the failure is accepted")
    expires = table.get("expires")
    # A datetime is a date to isinstance, and never equal to one.
    if expires is not None and type(expires) is not date:
        raise SettingsError(
            f"{place}: 'expires' of {id_} must be a date such as 2027-03-31, without quotes "
            "or time of day"
        )
    return KnownFailure(id_, texts["reason"], texts["issue"], expires)


def _preface(text: str) -> str:
    """Return the comment lines with which a file begins."""
    lines = []
    for line in text.splitlines():
        if not re.match(r"\s*(#|$)", line):
            break
        lines.append(line.rstrip())
    return "\n".join(lines).strip()
