"""`streamchat-conformance judge`: judges recordings without a network.

curl -isN --raw … | streamchat-conformance judge -
streamchat-conformance judge report.json stream.txt session.har
"""

from __future__ import annotations

import argparse
import codecs
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from streamchat_conformance.catalogue import Level, UnknownRequirementError, select
from streamchat_conformance.checks.loading import failures, load_checks, with_checks
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import Reading, rules_of
from streamchat_conformance.offline.judging import judge_recordings
from streamchat_conformance.offline.reading import LIMIT_BYTES, read_recordings
from streamchat_conformance.offline.recording import (
    AUTHORITY,
    Format,
    Reader,
    RecordedExchange,
    RecordingError,
)
from streamchat_conformance.report.json_report import build_report, write_report
from streamchat_conformance.report.terminal import describe, inert
from streamchat_conformance.rule_sets.choosing import with_rule_set
from streamchat_conformance.rule_sets.frozen import CURRENT, UnknownRuleSetError
from streamchat_conformance.suite.config.settings import check_path, parse_dialect
from streamchat_conformance.suite.config.typed import SettingsError
from streamchat_conformance.suite.target.recognising import NOT_JUDGED, other_family
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import (
    EXIT_SUITE_FAULT,
    EXIT_USAGE,
    Result,
    Results,
)

PROGRAM = "streamchat-conformance judge"
DAY_S = 86_400


class UsageError(ValueError):
    """The command line is wrong; the message says what is wrong and what is right."""


class _JudgeArgumentParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {PROGRAM} --help)")


def main(argv: Sequence[str]) -> int:
    """Judge recordings, print what was found, and return the exit code.

    0: no MUST requirement that they decide is broken; 1: one is; 4: wrong usage, or nothing
    that could be judged.
    """
    try:
        arguments = _parser().parse_intermixed_args(argv)
        return _judge(arguments)
    except SystemExit as stop:
        return EXIT_USAGE if stop.code else 0
    except (
        UsageError,
        RecordingError,
        SettingsError,
        UnknownRequirementError,
        UnknownRuleSetError,
    ) as error:
        print(f"{PROGRAM}: {inert(str(error))}", file=sys.stderr)
        return EXIT_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = _JudgeArgumentParser(
        prog=PROGRAM,
        description="Judge recorded exchanges by the same rules as a live server.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a recording; - is standard input")
    parser.add_argument(
        "--format", metavar="FORMAT", help=f"{', '.join(Format)} (default: detected)"
    )
    parser.add_argument(
        "--request",
        metavar="FILE",
        help="what was asked, where a recording does not say it: a JSON body, or a whole request",
    )
    parser.add_argument(
        "--ended",
        action="store_true",
        help="the server ended the connection where the recording ends; without it a stream "
        "that has no end may have been left by whoever recorded it",
    )
    parser.add_argument("--dialect", metavar="NAME", help=f"default: {DEFAULT}")
    parser.add_argument("--endpoint-path", metavar="PATH", help="default: the dialect's")
    parser.add_argument("--gap-limit", metavar="SECONDS", default="15")
    parser.add_argument("--rules", metavar="SET", default=CURRENT, help="default: %(default)s")
    parser.add_argument("--requirement", metavar="GLOB", action="append", default=[])
    parser.add_argument(
        "--checks", metavar="FILE.py", action="append", default=[], help="checks of your own"
    )
    parser.add_argument("--fail-on", metavar="LEVEL", default="must", help="must or should")
    parser.add_argument("--report-json", metavar="FILE", help="write the report as JSON")
    return parser


def _judge(arguments: argparse.Namespace) -> int:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    clock = time.monotonic()
    rules = with_rule_set(
        rules_of(parse_dialect(arguments.dialect or DEFAULT).name), arguments.rules
    )
    rules = with_checks(rules, load_checks(arguments.checks))
    chosen = select(rules.catalogue, arguments.requirement)
    if not chosen:
        raise UsageError("--requirement: these globs leave nothing to judge")
    if arguments.fail_on not in ("must", "should"):
        raise UsageError(f"--fail-on {arguments.fail_on!r} is unknown; known are must, should")
    gap_limit_s = _seconds(arguments.gap_limit)
    report_file = _report_file(arguments.report_json)
    recordings = _recordings(arguments)
    bases = {recording.exchange.request: recording.base_url for recording in recordings}
    results = judge_recordings(recordings, chosen, rules=rules, gap_limit_s=gap_limit_s)
    for id_, failure in failures(rules).items():
        failed = Result(rules.catalogue[id_], Outcome.ERROR, reason=failure)
        results.record(failed)
    code = results.exit_code(fail_on=arguments.fail_on)
    decided = sum(result.examples > 0 for result in results)
    if not decided:
        code = EXIT_USAGE
    if report_file is not None:
        duration_s = time.monotonic() - clock
        report = build_report(results, started=started, duration_s=duration_s, bases=bases)
        report["recordings"] = [
            {
                "name": recording.name,
                "format": recording.format.value,
                "request": "known" if recording.request_known else "assumed",
                "notes": list(recording.notes),
            }
            for recording in recordings
        ]
        try:
            write_report(report_file, report)
        except OSError as error:
            reason = f"--report-json: {report_file} cannot be written ({error.strerror})"
            print(f"{PROGRAM}: {reason}", file=sys.stderr)
            code = EXIT_SUITE_FAULT
    _print(recordings, results, decided, bases)
    return code


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"--gap-limit {text!r} is not a number of seconds") from None
    if not 0 < value < DAY_S:
        raise UsageError(f"--gap-limit {text!r} must be above 0 and below {DAY_S} seconds")
    return value


def _report_file(name: str | None) -> Path | None:
    if name is None:
        return None
    file = Path(name)
    if file.is_dir():
        raise UsageError(f"--report-json: {file} is a folder; name a file")
    if not file.parent.is_dir():
        raise UsageError(f"--report-json: the folder {file.parent} does not exist")
    if not os.access(file.parent, os.W_OK):
        raise UsageError(f"--report-json: the folder {file.parent} is not writable")
    return file


def _recordings(arguments: argparse.Namespace) -> list[RecordedExchange]:
    format_ = None
    if arguments.format is not None:
        if arguments.format not in list(Format):
            known = ", ".join(Format)
            raise UsageError(f"--format {arguments.format!r} is unknown; known are {known}")
        format_ = Format(arguments.format)
    if arguments.files.count("-") > 1:
        raise UsageError("standard input (-) can be read only once")
    dialect = parse_dialect(arguments.dialect or DEFAULT)
    path = check_path(arguments.endpoint_path or dialect.path)
    request, head_known = _request(arguments.request, path)
    reader = Reader(
        request=request,
        path=path,
        dialect=dialect,
        ended=arguments.ended,
        head_known=head_known,
    )
    found = []
    for name in arguments.files:
        shown = "standard input" if name == "-" else name
        found += read_recordings(_bytes(name), shown, reader, format_)
    if arguments.dialect is None:
        _check_dialects(found)
    return [_with_hint(recording, dialect) for recording in found]


def _check_dialects(recordings: Sequence[RecordedExchange]) -> None:
    """Raise UsageError for a report of another dialect than the default.

    What a report names is shown, and not loaded by itself: it may be a file or a module.
    """
    for recording in recordings:
        if (dialect := recording.dialect) not in ("", DEFAULT):
            raise UsageError(
                f"{recording.name}: its report is of the dialect {dialect!r}; "
                f"judge it with --dialect {dialect}"
            )


def _with_hint(recording: RecordedExchange, dialect: Dialect) -> RecordedExchange:
    """Return a recording with a note if it is one of another dialect."""
    family = other_family(dialect, [Reading(recording.exchange)])
    if family is None:
        return recording
    hint = f"judge it with --dialect {family.name}" if family.judged else NOT_JUDGED
    return recording.losing(note=f"it looks like {family.title}: {hint}")


def _bytes(name: str) -> bytes:
    """Return a file's bytes, as many as are read at all and one more."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(LIMIT_BYTES + 1)
        with Path(name).open("rb") as stream:
            return stream.read(LIMIT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{name}: cannot be read ({reason})") from None


def _request(name: str | None, path: str) -> tuple[bytes | None, bool]:
    """Return the request that the user gave, and whether its head is the one that was sent.

    It is a whole request, or a body, which gets a plain head.
    """
    if name is None:
        return None, False
    data = _bytes(name).removeprefix(codecs.BOM_UTF8)
    if data.startswith(b"POST "):
        if not parse_request(data).well_formed:
            raise UsageError(
                f"--request: {name} is not a clean HTTP request (CRLF line ends, Host, a right "
                "Content-Length); give the JSON body alone"
            )
        return data, True
    body = HttpRequest(body=data.rstrip(b"\r\n"))
    return body.encode(authority=AUTHORITY, path=path), False


def _print(
    recordings: Sequence[RecordedExchange],
    results: Results,
    decided: int,
    bases: Mapping[bytes, str],
) -> None:
    for recording in recordings:
        print(f"recording     {inert(recording.name)} ({recording.format})")
        for note in recording.notes:
            print(f"              {inert(note)}")
    for level in Level:
        counts = results.count(level)
        shown = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
        print(f"{level.value:<14}{shown or 'none'}")
    for level in Level:
        for result in results.failing(level):
            exchange = result.findings[0][1] if result.findings else None
            base_url = bases.get(exchange.request, "") if exchange is not None else ""
            print(f"\n{describe(result, base_url=base_url)}")
    for result in results:
        if result.outcome is Outcome.ERROR:
            print(f"\n{result.requirement.id}: the check itself failed: {inert(result.reason)}")
    undecided = sum(result.outcome is Outcome.NOT_APPLICABLE for result in results)
    print(f"\ndecided       {decided} requirements; {undecided} need more than this recording")
    if not decided:
        print("verdict       none: nothing here decides any requirement")
    else:
        reason = results.undecided() or results.part()
        print(f"verdict       {results.verdict()}{f': {reason}' if reason else ''}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
