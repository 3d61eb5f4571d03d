"""Outcomes of a requirement in a run, and the exceptions by which a case reports them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.finding import Finding


class Outcome(StrEnum):
    """What became of one requirement."""

    PASS = "pass"
    FAIL = "fail"
    BLOCKED = "blocked"
    """A prerequisite failed: counts as failing, reported under its root cause."""
    NOT_APPLICABLE = "not-applicable"
    """The target lacks the capability, or gives nothing to judge it by. Never green."""
    ERROR = "error"
    """The suite's own fault."""
    NOT_RUN = "not-run"
    """Deselected, or left out by a limit on requests."""
    KNOWN_FAILURE = "known-failure"
    """Failed or blocked, and listed as known or flaky: reported, but no reason to fail the run."""
    UNEXPECTED_PASS = "unexpected-pass"
    """Listed as a known failure, and passed: the list is out of date, which fails the run."""


class Violation(AssertionError):  # noqa: N818 - it is the case's verdict, not a programming error
    """A requirement is broken."""

    def __init__(self, *findings: tuple[Finding, Exchange | None]) -> None:
        super().__init__(findings[0][0].message if findings else "")
        self.findings: Sequence[tuple[Finding, Exchange | None]] = findings


class Blocked(Exception):  # noqa: N818 - an outcome, not an error
    """A requirement cannot be judged because another one, its root cause, failed."""

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(f"blocked by {cause}: {reason}")
        self.cause = cause
        self.reason = reason


class NotApplicable(Exception):  # noqa: N818 - an outcome, not an error
    """A requirement does not apply to this target, or nothing came to judge it by."""


class Barred(NotApplicable):
    """A request was refused for a reason that is not the request: other requests may decide."""


NOTHING_SEEN = "nothing came that decides it"


class NothingSeen(NotApplicable):
    """No exchange of the run decides a requirement, and no other requirement explains why."""


class NotRun(Exception):  # noqa: N818 - an outcome, not an error
    """A case could not be run, or not to its end: a limit on requests left it out."""


class CheckFailed(Exception):  # noqa: N818 - an outcome, not an error
    """A custom check raised, or returned something that is no list of problems."""


class NotTestable(Exception):  # noqa: N818 - an outcome, not an error
    """The target as a whole cannot be tested. The message says why; `hint` says what to set."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
