"""The board of the site: the judged stacks and servers of the fixtures, by their recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_conformance.report.html.board import BoardEntry
    from streamchat_conformance.report.model import Report, ReportedFinding
    from streamchat_fixtures.stacks.expectation import Reason
    from streamchat_fixtures.stacks.recording import StackRecording

SEEN = "Seen in a whole run; the recording keeps the outcome and this reason."


def board_files() -> dict[str, str]:
    """Return the files of the board: its page, and one for each server."""
    from streamchat_conformance.report.html.board import board
    from streamchat_conformance.report.html.report_page import html_report

    entries = _entries()
    return {
        "index.html": board(entries),
        **{entry.page: html_report(entry.report) for entry in entries},
    }


def _entries() -> list[BoardEntry]:
    from streamchat_conformance.report.html.board import BoardEntry
    from streamchat_fixtures.real_servers.groups import GROUPS
    from streamchat_fixtures.stacks import STACKS
    from streamchat_fixtures.stacks.expectations import EXPECTATIONS
    from streamchat_fixtures.stacks.recording import load

    found = [
        ("stream-chat", load(name), stack.sentence, EXPECTATIONS[name])
        for name, stack in STACKS.items()
    ]
    found += [
        (dialect, recording, group.servers[name].sentence, group.reasons[name])
        for dialect, group in GROUPS.items()
        for name, recording in zip(group.servers, group.recordings(), strict=True)
    ]
    return [
        BoardEntry(
            recording.stack,
            report_of(recording, reasons, dialect),
            f"{dialect}-{recording.stack}.html",
            what=sentence.replace("`", ""),
            versions=", ".join(f"{name} {version}" for name, version in recording.versions.items()),
        )
        for dialect, recording, sentence, reasons in found
    ]


def report_of(recording: StackRecording, reasons: Mapping[str, Reason], dialect: str) -> Report:
    """Return a recording as a report: outcomes, with the reasons that are known as findings."""
    from streamchat_conformance import __version__
    from streamchat_conformance.catalogue import Level
    from streamchat_conformance.judges import rules_of
    from streamchat_conformance.report.model import Report, ReportedRequirement
    from streamchat_conformance.suite.verdicts.outcomes import Outcome

    catalogue = rules_of(dialect).catalogue
    requirements = tuple(
        ReportedRequirement(
            id=id_,
            level=Level(verdict.level),
            title=catalogue[id_].title,
            source=catalogue[id_].source,
            outcome=Outcome(verdict.outcome),
            examples=int(verdict.outcome == "pass"),
            reason="",
            cause=verdict.cause,
            findings=_findings(reasons.get(id_)) if verdict.outcome == "fail" else (),
            layer=catalogue[id_].layer,
        )
        for id_, verdict in recording.verdicts.items()
        if id_ in catalogue
    )
    broken = any(entry.failing and entry.level is Level.MUST for entry in requirements)
    return Report(
        version=__version__,
        url=recording.stack,
        server="",
        dialect=dialect,
        capabilities={},
        started="",
        duration_s=0.0,
        generated_requests=0,
        recorded_exchanges=0,
        verdict="nonconformant" if broken else "conformant",
        reason=SEEN,
        hint="",
        cut_short=False,
        requirements=requirements,
        exchanges=(),
    )


def _findings(reason: Reason | None) -> tuple[ReportedFinding, ...]:
    from streamchat_conformance.report.model import ReportedFinding

    if reason is None:
        return ()
    thread = f" ({reason.thread})" if reason.thread else ""
    return (ReportedFinding(f"{reason.sentence}{thread}", "", "", None, "", None),)
