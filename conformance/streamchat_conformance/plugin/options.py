"""Command-line options of the suite. Imports nothing heavy: pytest loads it in every session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.dialects.folders import dialect_folders

if TYPE_CHECKING:
    import pytest


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; `pytest --help` shows them in groups of their own."""
    _add_target(parser)
    _add_judged(parser)
    _add_gate(parser)
    _add_reports(parser)


def _own_dialects() -> str:
    """Return the names of the suite's own dialects, for a sentence."""
    *names, last = (folder.replace("_", "-") for folder in dialect_folders())
    return f"{', '.join(names)} or {last}"


def _add_target(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamchat-conformance: the server to judge", "the server to judge")
    group.addoption(
        "--target-url",
        metavar="URL",
        help="server to judge, such as http://127.0.0.1:8000; without it the embedded reference "
        "server is judged (environment: STREAMCHAT_TARGET_URL)",
    )
    group.addoption(
        "--target-command",
        metavar="COMMAND",
        help="shell command that starts the server, such as 'gunicorn -b 127.0.0.1:{port} "
        "app:app'; {port} (and the variable PORT) is a free port. The server is awaited, and "
        "stopped at the end",
    )
    group.addoption(
        "--start-limit",
        metavar="SECONDS",
        help="how long --target-command may take until it accepts connections (default 30)",
    )
    group.addoption(
        "--target-file",
        metavar="FILE.toml",
        help="file with all of these, and the requests that show slow and fault",
    )
    group.addoption(
        "--target-header",
        metavar="'NAME: VALUE'",
        action="append",
        default=[],
        help="field line to add to every request, such as an Authorization; may be repeated",
    )
    group.addoption(
        "--dialect",
        metavar="NAME",
        help=f"{_own_dialects()} (default: stream-chat); or FILE.toml, which declares an API of "
        "your own; or a module",
    )
    group.addoption(
        "--model",
        metavar="NAME",
        help="the model that requests ask for, in dialects that have one (default: the first that "
        "the server lists)",
    )
    group.addoption(
        "--api-key-env",
        metavar="VARIABLE",
        help="environment variable that has the key which the server wants",
    )
    group.addoption(
        "--slots",
        metavar="N",
        help="how many requests the server serves at once, where it serves few",
    )
    group.addoption(
        "--large-prompts",
        action="store_true",
        help="send prompts of 1 MiB in all dialects (target file: skip_large = false)",
    )
    group.addoption(
        "--endpoint-path", metavar="PATH", help="path of the endpoint (default: the dialect's)"
    )
    group.addoption(
        "--insecure", action="store_true", help="do not verify the server's certificate"
    )
    group.addoption("--ca-file", metavar="FILE", help="certificate authorities to trust (PEM)")
    group.addoption(
        "--connect-limit", metavar="SECONDS", help="for connecting, TLS included (default 5)"
    )
    group.addoption(
        "--first-event-limit",
        metavar="SECONDS",
        help="for the response head and the first event (default 10)",
    )
    group.addoption(
        "--observation-limit",
        metavar="SECONDS",
        help="how long one stream is watched at most (default 20)",
    )
    group.addoption(
        "--gap-limit",
        metavar="SECONDS",
        help="the longest silence that a stream may have (default 15)",
    )


def _add_judged(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamchat-conformance: what is judged", "what is judged")
    group.addoption(
        "--requirement",
        metavar="GLOB",
        action="append",
        default=[],
        help="run only requirements that match, such as 'payload.*'; '!GLOB' leaves out; "
        "may be repeated",
    )
    group.addoption(
        "--capability",
        metavar="NAME",
        action="append",
        default=[],
        help="declare a capability of the dialect, such as finite or fault; may be repeated",
    )
    group.addoption(
        "--no-capability",
        metavar="NAME",
        action="append",
        default=[],
        help="deny a capability; may be repeated",
    )
    group.addoption(
        "--thoroughness",
        metavar="LEVEL",
        help="smoke (30 short requests at most, one after the other), quick (120 at most), "
        "default or thorough; a target that is neither on this machine nor in a private network "
        "gets smoke unless a level is given",
    )
    group.addoption(
        "--max-requests",
        metavar="N",
        help="send no more requests than this in all, whatever the thoroughness",
    )
    group.addoption(
        "--rate",
        metavar="N/UNIT",
        help="send requests no faster than this, such as 15/m or 2/s",
    )
    group.addoption(
        "--checks",
        metavar="FILE.py",
        action="append",
        default=[],
        help="judge by checks of your own, too; may be repeated",
    )
    group.addoption(
        "--serial",
        action="store_true",
        help="run one case after the other: slower, with the same verdict",
    )
    group.addoption("--seed", metavar="N", help="vary the generated requests (default: fixed)")
    group.addoption(
        "--fuzz-seconds",
        metavar="N",
        help="go on generating for this long on each property, whatever their number",
    )


def _add_gate(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamchat-conformance: the gate", "the gate")
    group.addoption(
        "--layer",
        metavar="LAYER",
        help="run only what one layer decides: application (the endpoint's own code) or server "
        "(the HTTP server that runs it, or a proxy)",
    )
    group.addoption(
        "--rules",
        metavar="SET",
        help="gate by a frozen rule set, such as 2026.1: what is newer is reported, and never "
        "fails the run (default: current)",
    )
    group.addoption(
        "--fail-on",
        metavar="LEVEL",
        default="must",
        help="must (default): only MUST requirements fail the run; should: SHOULD ones, too",
    )
    group.addoption(
        "--known-failures",
        metavar="FILE.toml",
        help="list of requirements that are known to fail: what is listed does not fail the "
        "run; what is listed and passes, or has expired, does",
    )
    group.addoption(
        "--update-known-failures",
        action="store_true",
        help="write the file of --known-failures from this run: what fails is added, what passes "
        "removed; reasons are kept",
    )


def _add_reports(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamchat-conformance: reports", "reports")
    group.addoption("--report-json", metavar="FILE", help="write the report as JSON")
    group.addoption(
        "--report-html",
        metavar="FILE",
        help="write the report as one HTML file that opens from disk",
    )
    group.addoption(
        "--report-markdown",
        metavar="FILE",
        help="write the report as Markdown, short enough for a CI step summary",
    )
    group.addoption(
        "--report-sarif", metavar="FILE", help="write what failed as SARIF 2.1.0, for code scanning"
    )
    group.addoption(
        "--report-code-quality",
        metavar="FILE",
        help="write what failed as a code-quality report of GitLab",
    )
    group.addoption(
        "--source-file",
        metavar="FILE",
        help="file of your repository at which findings are shown, such as app/chat.py",
    )
    group.addoption(
        "--report-badge", metavar="FILE", help="write the JSON of a shields.io endpoint badge"
    )
    group.addoption(
        "--secret-header",
        metavar="NAME",
        action="append",
        default=[],
        help="header whose value no report may show, whoever sends it; may be repeated "
        "(Authorization, cookies, tokens and keys are never shown)",
    )


_SETTINGS = (
    "--target-url",
    "--target-command",
    "--start-limit",
    "--known-failures",
    "--update-known-failures",
    "--target-file",
    "--dialect",
    "--requirement",
    "--checks",
    "--rules",
    "--layer",
    "--report-json",
    "--report-html",
    "--report-markdown",
    "--report-badge",
    "--report-sarif",
    "--report-code-quality",
    "--source-file",
    "--secret-header",
    "--model",
    "--api-key-env",
    "--slots",
    "--endpoint-path",
    "--target-header",
    "--ca-file",
    "--connect-limit",
    "--first-event-limit",
    "--observation-limit",
    "--gap-limit",
    "--capability",
    "--no-capability",
    "--thoroughness",
    "--max-requests",
    "--rate",
    "--seed",
    "--fuzz-seconds",
    "--serial",
)


def any_given(config: pytest.Config) -> bool:
    """Return whether any of the suite's settings was given on the command line."""
    return any(config.getoption(option) for option in _SETTINGS) or (
        config.getoption("--fail-on") != "must"
    )
