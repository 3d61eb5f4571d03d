"""`streamchat-conformance replay REPORT.json ID`: sends a finding's request again."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from streamchat_conformance.catalogue import is_custom
from streamchat_conformance.checks.loading import load_checks, with_checks
from streamchat_conformance.commands.parsing import EXIT_OK, Parser, Usage, fault, print_safely
from streamchat_conformance.commands.resending import Again, RedactedError, resent
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.secrets import without_parameters
from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.dialects.registry import UnknownDialectError, dialect_named
from streamchat_conformance.judges import Reading, Rules, rules_of
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import (
    ConnectError,
    Connection,
    Endpoint,
    Limits,
    TargetUrlError,
)
from streamchat_conformance.report.model import (
    Report,
    ReportedFinding,
    ReportedRequirement,
    ReportError,
    load_report,
)
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.suite.config.headers import parse_header
from streamchat_conformance.suite.config.settings import (
    Settings,
    load_settings,
    with_key,
)
from streamchat_conformance.suite.config.typed import SettingsError, unknown_id
from streamchat_conformance.suite.target.stop_conditions import Watched

EXIT_SHOWS_AGAIN = 1
EXIT_UNDECIDED = 5
EXIT_NOT_TESTABLE = 6

HEADER_VARIABLE = "STREAMCHAT_TARGET_HEADER"
"""Environment variable with one field line, so that a secret need not be on a command line."""
WATCHED_S = 10.0
"""How long a stream is watched at most, unless the user says it."""
SHOWN_BODY_BYTES = 4096
LARGE_BYTES = 64 * 1024
LARGE_EVENTS = 3
"""How many events of the answer to a large request are waited for."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The finding to replay."""

    entry: ReportedRequirement
    finding: ReportedFinding
    number: int
    exchange: Exchange
    dialect: Dialect
    rules: Rules


def main(argv: Sequence[str]) -> int:
    """Send a finding's request again; return whether it shows again as the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        report = load_report(arguments.report)
        if arguments.id is None:
            print_safely("\n".join(_listing(report)) + "\n")
            return EXIT_OK
        chosen = _chosen(report, arguments.id, arguments.number, arguments.checks)
        settings = _settings(arguments, chosen.dialect)
        endpoint = _endpoint(report, settings)
        again = _again(report, chosen, endpoint, settings)
    except (Usage, ReportError, SettingsError, RedactedError) as mistake:
        return fault("replay", mistake)
    try:
        exchange = _send(again, endpoint, arguments.watch)
    except ConnectError as error:
        print_safely(f"not testable: {error}\n")
        print_safely("what to do:   start the server, or name another with --target-url\n")
        return EXIT_NOT_TESTABLE
    return _show(chosen, again, endpoint, exchange, Redactor(settings.confidential))


def _parser() -> Parser:
    parser = Parser(
        "replay",
        "Send a finding's request again, print what comes back and whether the finding shows "
        "again. Exit codes: 0 it does not, 1 it does, 5 one exchange cannot decide it, 6 the "
        "server cannot be reached. Without ID the report's findings are listed.",
    )
    parser.add_argument("report", type=Path, metavar="REPORT.json")
    parser.add_argument("id", nargs="?", metavar="ID", help="the requirement")
    parser.add_argument(
        "number", nargs="?", type=int, metavar="NUMBER", help="which of its findings (default 1)"
    )
    parser.add_argument(
        "--target-url", metavar="URL", help="send it there (default: the report's server)"
    )
    parser.add_argument(
        "--target-header",
        metavar="'NAME: VALUE'",
        action="append",
        default=[],
        help="field line to set, such as an Authorization that the report redacts; may be "
        f"repeated (environment, for one: {HEADER_VARIABLE})",
    )
    parser.add_argument(
        "--api-key-env", metavar="VARIABLE", help="variable with the key that the report redacts"
    )
    parser.add_argument("--target-file", type=Path, metavar="FILE.toml", help="the run's own file")
    parser.add_argument(
        "--checks", metavar="FILE.py", action="append", default=[], help="the run's own checks"
    )
    parser.add_argument("--insecure", action="store_true", help="do not verify the certificate")
    parser.add_argument("--ca-file", metavar="FILE", help="certificate authorities to trust (PEM)")
    parser.add_argument(
        "--watch",
        type=_seconds,
        default=WATCHED_S,
        metavar="SECONDS",
        help=f"how long a stream is watched (default {WATCHED_S:g})",
    )
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 50:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and at most 50")
    return value


# -- choosing ----------------------------------------------------------------------------


def _listing(report: Report) -> Iterator[str]:
    found = [entry for entry in report.requirements if entry.findings]
    if not found:
        yield "the report has no findings: there is nothing to replay"
    for entry in found:
        for number, finding in enumerate(entry.findings, 1):
            yield f"{entry.id} {number} ({entry.level.value}): {finding.message}"


def _chosen(report: Report, id_: str, number: int | None, checks: Sequence[str]) -> Chosen:
    """Return the finding to replay. Raises Usage, naming what there is instead."""
    entry = next((entry for entry in report.requirements if entry.id == id_), None)
    if entry is None:
        raise Usage(unknown_id(id_, [entry.id for entry in report.requirements]))
    if not entry.findings:
        cause = f"; it was blocked by {entry.cause}, replay that" if entry.cause else ""
        raise Usage(f"{id_} has no finding in this report (outcome: {entry.outcome.value}){cause}")
    number = 1 if number is None else number
    if not 1 <= number <= len(entry.findings):
        raise Usage(f"{id_} has findings 1 to {len(entry.findings)}, not {number}")
    finding = entry.findings[number - 1]
    exchange = report.exchanges[finding.exchange] if finding.exchange is not None else None
    if exchange is None or not exchange.request:
        raise Usage(
            f"{id_}: this finding has no single request to send again; judge it again with "
            f"streamchat-conformance --requirement {id_}"
        )
    try:
        dialect = dialect_named(report.dialect)
    except UnknownDialectError as error:
        raise Usage(str(error)) from None
    rules = with_checks(rules_of(dialect.name), load_checks(checks))
    if is_custom(id_) and id_ not in rules.catalogue:
        raise Usage(f"{id_} is a custom check; name its file with --checks FILE.py")
    return Chosen(entry, finding, number, exchange, dialect, rules)


# -- where and what to send --------------------------------------------------------------


def _settings(arguments: argparse.Namespace, dialect: Dialect) -> Settings:
    """Return where to send, and with which field lines. Raises SettingsError."""
    file = arguments.target_file
    settings = load_settings(file) if file else Settings()
    given = [os.environ[HEADER_VARIABLE]] if os.environ.get(HEADER_VARIABLE) else []
    headers = [*settings.headers, *map(parse_header, [*given, *arguments.target_header])]
    settings = Settings(
        url=arguments.target_url or settings.url,
        dialect=dialect,
        parameters=settings.parameters,
        headers=tuple({name.lower(): (name, value) for name, value in headers}.values()),
        insecure=arguments.insecure or settings.insecure,
        ca_file=arguments.ca_file or settings.ca_file,
    )
    variable = arguments.api_key_env
    return settings if variable is None else with_key(settings, variable, "--api-key-env")


def _endpoint(report: Report, settings: Settings) -> Endpoint:
    """Return the address to send to: the user's, or the report's. Raises Usage."""
    known = dict(settings.parameters)
    there = without_parameters(report.url, known)
    try:
        return Endpoint.from_url(
            settings.url or there,
            path=_path(there),
            parameters=settings.parameters,
            insecure=settings.insecure,
            ca_file=settings.ca_file,
        )
    except (TargetUrlError, OSError) as error:
        raise Usage(f"--target-url: {error}") from None


def _path(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _again(report: Report, chosen: Chosen, endpoint: Endpoint, settings: Settings) -> Again:
    old = urlsplit(report.url)
    return resent(
        chosen.exchange,
        old=(old.netloc, _path(report.url)),
        new=(endpoint.authority, endpoint.path),
        headers=settings.headers,
    )


def _send(again: Again, endpoint: Endpoint, watch_s: float) -> Exchange:
    """Send the request on a new connection and return what came back. Raises ConnectError."""
    size = len(again.request)
    limits = Limits(recording_bytes=max(Limits().recording_bytes, 8 * size))
    # A server may repeat the request in each event: of a large one, few events are enough.
    until = Watched(watch_s, events=LARGE_EVENTS if size > LARGE_BYTES else None)
    method = parse_request(again.request).method or "POST"
    with Connection.open(endpoint, limits) as connection:
        return connection.exchange(
            again.request, until=until, label="a replayed request", request_method=method
        )


# -- showing -----------------------------------------------------------------------------


def _show(
    chosen: Chosen, again: Again, endpoint: Endpoint, exchange: Exchange, redactor: Redactor
) -> int:
    count = len(chosen.entry.findings)
    of = f" (finding {chosen.number} of {count})" if count > 1 else ""
    lines = [
        f"{chosen.entry.id} ({chosen.entry.level.value}): {chosen.entry.title}{of}",
        f"  reported  {chosen.finding.message}",
        f"  sent      {len(again.request)} bytes to {endpoint.url}",
        *(f"  note      {note}" for note in again.notes),
    ]
    sent = exchange.sent_bytes
    if sent is not None and sent < len(again.request):
        lines.append(f"  note      the server took {sent} bytes of it")
    lines += [f"  {line}" for line in _received(redactor.exchange(exchange))]
    before, now = answer(Reading(chosen.exchange)), answer(Reading(exchange))
    same = "the same" if before == now else f"other than the recorded {redactor.text(before)}"
    lines.append(f"  answer    {same}")
    code, verdict = _verdict(chosen, exchange, endpoint, redactor)
    print_safely("\n".join([*lines, *verdict]) + "\n")
    return code


def _received(exchange: Exchange) -> Iterator[str]:
    """Yield what came back: head, start of the body, and how it ended."""
    reading = Reading(exchange)
    if reading.head is None:
        yield f"response  none in HTTP: {_shown(exchange.received)}"
    else:
        head, _, _ = exchange.received.partition(b"\r\n\r\n")
        yield "response"
        for line in head.splitlines()[:100]:
            yield f"  {_shown(line)}"
        yield ""
        body = reading.body
        text = body[:SHOWN_BODY_BYTES].decode("utf-8", "backslashreplace")
        yield from (f"  {part}" for part in text.split("\n"))
        if len(body) > SHOWN_BODY_BYTES:
            yield f"  … {len(body) - SHOWN_BODY_BYTES} bytes more"
    limit = f" ({exchange.limit})" if exchange.limit else ""
    yield f"ended     {exchange.ending.value}{limit} after {exchange.ended_at_s:.2f} s"


def _shown(data: bytes) -> str:
    rest = f" … {len(data) - 500} bytes more" if len(data) > 500 else ""
    return data[:500].decode("utf-8", "backslashreplace") + rest


def _verdict(
    chosen: Chosen, exchange: Exchange, endpoint: Endpoint, redactor: Redactor
) -> tuple[int, list[str]]:
    """Return the exit code, and whether the finding shows again in words."""
    id_ = chosen.entry.id
    reading = Reading(exchange, path=endpoint.path, dialect=chosen.dialect)
    if reading.status == 404 != Reading(chosen.exchange, dialect=chosen.dialect).status:
        return _undecided(f"the server answers 404: {endpoint.url}", "--target-url URL/PATH")
    judges = chosen.rules.judges
    found = judges[id_](reading) if id_ in judges else None
    if found is None:
        what = "this exchange does not" if id_ in judges else "one exchange cannot"
        return _undecided(f"{what} decide it", f"streamchat-conformance --requirement {id_}")
    if not found:
        return EXIT_OK, ["verdict   the finding does not show again"]
    finding = found[0]
    return EXIT_SHOWS_AGAIN, [
        f"  problem   {redactor.text(finding.message)}",
        f"  expected  {redactor.text(finding.expected)}",
        f"  received  {redactor.text(finding.received)}",
        "verdict   the finding shows again",
    ]


def _undecided(why: str, cure: str) -> tuple[int, list[str]]:
    return EXIT_UNDECIDED, [f"verdict   undecided: {why}; try again with {cure}"]
