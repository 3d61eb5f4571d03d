"""`streamchat-conformance guess URL-or-RECORDING`: shows which dialect an endpoint speaks."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamchat_conformance.commands.parsing import (
    EXIT_OK,
    EXIT_USAGE,
    Parser,
    Usage,
    fault,
    print_safely,
)
from streamchat_conformance.core.secrets import secret_parameters
from streamchat_conformance.guessing.endpoint_guess import EndpointGuess
from streamchat_conformance.guessing.probing import Prober
from streamchat_conformance.guessing.recordings import recorded_guesses
from streamchat_conformance.guessing.wording import Subject, described
from streamchat_conformance.offline.reading import LIMIT_BYTES
from streamchat_conformance.offline.recording import RecordingError
from streamchat_conformance.recorder import ConnectError, Endpoint, TargetUrlError, check_target
from streamchat_conformance.recorder.limits import Limits
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.suite.config.deploying import key_in_environment
from streamchat_conformance.suite.config.headers import parse_header
from streamchat_conformance.suite.config.typed import SettingsError

EXIT_NOT_TESTABLE = 6
HEADER_VARIABLE = "STREAMCHAT_TARGET_HEADER"
SHOWN = 12
"""How many endpoints are shown."""


def main(argv: Sequence[str]) -> int:
    """Show which dialect an endpoint speaks.

    0: it is recognised, whether or not the suite judges it; 4: it is not, or wrong usage; 6: the
    server cannot be reached.
    """
    try:
        arguments = _parser().parse_args(argv)
        if "://" in arguments.subject:
            return _of_server(arguments)
        return _of_recording(arguments.subject)
    except (Usage, SettingsError, RecordingError, TargetUrlError) as mistake:
        return fault("guess", mistake)
    except ConnectError as error:
        print_safely(f"not testable: {error}\n")
        return EXIT_NOT_TESTABLE


def _parser() -> Parser:
    parser = Parser(
        "guess",
        "Show which dialect an endpoint speaks, why, how sure that is, and the command that "
        "judges it. Of a server at most 32 short requests are made. Exit codes: 0 recognised, 4 "
        "not recognised or wrong usage, 6 the server cannot be reached.",
    )
    parser.add_argument(
        "subject",
        metavar="URL-or-RECORDING",
        help="a server's URL, with the endpoint's path if it is known; or what curl -i printed, an "
        "HTTP archive, a report, a stream or a body; - is standard input",
    )
    parser.add_argument("--model", metavar="NAME", default="", help="the model to ask for")
    parser.add_argument("--api-key-env", metavar="VARIABLE", help="variable with the server's key")
    parser.add_argument(
        "--target-header",
        metavar="'NAME: VALUE'",
        action="append",
        default=[],
        help=f"field line of every request; may be repeated (environment, for one: "
        f"{HEADER_VARIABLE})",
    )
    parser.add_argument("--insecure", action="store_true", help="do not verify the certificate")
    parser.add_argument("--ca-file", metavar="FILE", help="certificate authorities to trust (PEM)")
    return parser


def _of_server(arguments: argparse.Namespace) -> int:
    given = [os.environ[HEADER_VARIABLE]] if os.environ.get(HEADER_VARIABLE) else []
    headers = tuple(map(parse_header, [*given, *arguments.target_header]))
    variable = arguments.api_key_env
    key = key_in_environment(variable, "--api-key-env") if variable else ""
    endpoint = Endpoint.from_url(
        arguments.subject,
        path="/",
        insecure=arguments.insecure,
        ca_file=arguments.ca_file,
    )
    check_target(endpoint, Limits())
    prober = Prober(endpoint=endpoint, headers=headers, key=key, model=arguments.model)
    guesses = prober.guesses()
    options = ["--model", arguments.model] if arguments.model else []
    options += ["--api-key-env", variable] if variable else []
    options += ["--insecure"] if arguments.insecure else []
    options += ["--ca-file", arguments.ca_file] if arguments.ca_file else []
    subject = Subject(
        endpoint.origin,
        options=tuple(options),
        spoken=frozenset(each.matches[0].signature.name for each in guesses if each.known),
    )
    secrets = [*headers, *secret_parameters(endpoint.path), *([("api-key", key)] if key else [])]
    lines = [*_shown(guesses, subject), *_about(prober, guesses)]
    print_safely(Redactor(secrets).text("\n".join(lines)) + "\n")
    return _code(guesses)


def _about(prober: Prober, guesses: Sequence[EndpointGuess]) -> Iterator[str]:
    """Yield what was asked, and what is missing to know more."""
    if not guesses:
        answers = {f"{seen.path}: {seen.status}" for seen in prober.seen}
        yield f"no endpoint answers: {', '.join(sorted(answers))}"
    if any(guess.sighting.status in (401, 403) for guess in guesses):
        yield "the server wants a key: give it with --api-key-env VARIABLE to be surer"
    stopped = f"; stopped early: {prober.stopped}" if prober.stopped else ""
    yield f"requests    {prober.requests} sent{stopped}"


def _of_recording(name: str) -> int:
    shown = "standard input" if name == "-" else name
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LIMIT_BYTES)
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(LIMIT_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Usage(
            f"{name}: cannot be read ({reason}); give a file, -, or a URL with http:// or https://"
        ) from None
    guesses = recorded_guesses(data, shown)
    print_safely("\n".join(_shown(guesses, Subject(file=name))) + "\n")
    return _code(guesses)


def _shown(guesses: Sequence[EndpointGuess], subject: Subject) -> Iterator[str]:
    """Yield the lines about what was recognised; about the rest, if that is all."""
    known = [guess for guess in guesses if guess.known]
    chosen = known or list(guesses)
    for guess in chosen[:SHOWN]:
        yield from described(guess, subject)
    if len(chosen) > SHOWN:
        yield f"and {len(chosen) - SHOWN} more"
    if known and len(known) < len(guesses):
        yield f"not recognised: {len(guesses) - len(known)} more"
    if not chosen and subject.file:
        yield "no answer to a POST is in it"


def _code(guesses: Sequence[EndpointGuess]) -> int:
    return EXIT_OK if any(guess.known for guess in guesses) else EXIT_USAGE
