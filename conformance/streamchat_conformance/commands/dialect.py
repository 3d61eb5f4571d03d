"""`streamchat-conformance dialect check|new|prove`: dialects that a file declares."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streamchat_conformance.commands.parsing import (
    EXIT_OK,
    Parser,
    Usage,
    fault,
    print_safely,
    write_checked,
)
from streamchat_conformance.commands.proving import prove
from streamchat_conformance.core.eventstream import LineKind
from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.registry import DECLARED_PACKAGE, SUFFIX, UnknownDialectError
from streamchat_conformance.gate.generated_servers import GeneratedServersError
from streamchat_conformance.offline.recording import RecordingError
from streamchat_conformance.offline.samples import sample_of
from streamchat_conformance.suite.config.settings import parse_dialect
from streamchat_conformance.suite.config.typed import SettingsError

MISTAKES = (Usage, UnknownDialectError, RecordingError, SettingsError, GeneratedServersError)
LIMIT_BYTES = 16 * 1024 * 1024
"""Larger recordings are not read."""

_HELP = """\
usage: streamchat-conformance dialect check FILE.toml
       streamchat-conformance dialect new RECORDING [OPTION ...]
       streamchat-conformance dialect prove FILE.toml [--fault NAME]

Dialects that a TOML file declares.

  check   show what can be judged by a file, and what it would have to say for the rest
  new     write a first file from one recorded exchange: what curl -isN prints, or an HTTP archive
  prove   judge servers that are generated from a file: a sound one, and many that break it

'dialect COMMAND --help' shows the options of one.
"""


def main(argv: Sequence[str]) -> int:
    """Run a subcommand of dialects; return the exit code."""
    commands: Mapping[str, Callable[[Sequence[str]], int]] = {
        "check": _check,
        "new": _new,
        "prove": _prove,
    }
    if not argv or argv[0] in ("-h", "--help"):
        print(_HELP, end="")
        return EXIT_OK if argv else fault("dialect", Usage("name a command: check, new or prove"))
    if argv[0] not in commands:
        known = ", ".join(commands)
        return fault("dialect", Usage(f"there is no command {argv[0]!r}; known are {known}"))
    try:
        return commands[argv[0]](argv[1:])
    except MISTAKES as mistake:
        return fault(f"dialect {argv[0]}", mistake)


def _declared(module: str) -> Any:
    return import_module(f"{DECLARED_PACKAGE}.{module}")


def _file(name: str) -> str:
    """Return the path of a declaration. Raises Usage for what is none."""
    if not name.endswith(SUFFIX):
        raise Usage(f"{name}: the name of a declaration ends with {SUFFIX}")
    parse_dialect(name)
    return name


def _check(argv: Sequence[str]) -> int:
    parser = Parser("dialect check", "Show what can be judged by a declaration.")
    parser.add_argument("file", metavar="FILE.toml")
    file = _file(parser.parse_args(argv).file)
    print_safely("".join(f"{line}\n" for line in _declared("checking").checked(file)))
    return EXIT_OK


def _new(argv: Sequence[str]) -> int:
    parser = Parser("dialect new", "Write a first declaration from one recorded exchange.")
    parser.add_argument("recording", metavar="RECORDING", help="- is standard input")
    parser.add_argument("--request", metavar="FILE", help="the JSON body that was sent")
    parser.add_argument("--url", metavar="URL", help="what was asked; its path is the dialect's")
    parser.add_argument("--name", metavar="NAME", default="mine", help="default: %(default)s")
    parser.add_argument("--output", metavar="FILE.toml", help="default: standard output")
    arguments = parser.parse_args(argv)
    if problem := _declared("reading").name_problem(arguments.name):
        raise Usage(f"--name: {problem}")
    body = _request(arguments.request) if arguments.request else None
    shown = "standard input" if arguments.recording == "-" else arguments.recording
    reading = sample_of(_bytes(arguments.recording), shown, body)
    sent = parse_request(reading.exchange.request)
    comments = any(line.kind is LineKind.COMMENT for line in reading.stream.lines)
    drafting = _declared("drafting")
    path = _path(arguments.url) if arguments.url else drafting.path_in(sent)
    blocks = list(reading.stream.blocks)
    text = drafting.drafted(arguments.name, sent, blocks, path=path, comments=comments)
    assumed = [
        f"streamchat-conformance dialect new: {each}" for each in drafting.guesses(sent, path)
    ]
    if arguments.output is None:
        print_safely(text)
        sys.stdout.flush()
        print(*assumed, sep="\n", end="\n" * bool(assumed), file=sys.stderr)
        return EXIT_OK
    file = Path(arguments.output)
    if file.exists():
        raise Usage(f"--output: {file} exists; name another file")
    write_checked("--output", file, text)
    print_safely(f"wrote {file}; next: streamchat-conformance dialect check {file}\n")
    sys.stdout.flush()
    print(*assumed, sep="\n", end="\n" * bool(assumed), file=sys.stderr)
    return EXIT_OK


def _path(url: str) -> str:
    """Return the path of a URL, with its query. Raises Usage for what has none."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Usage(f"--url: {url[:200]!r} is no URL ({error})") from None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if not re.fullmatch(r"/[!-~]*", path) or (parts.scheme and not parts.netloc):
        raise Usage(
            f"--url: {url[:200]!r} is no URL with a path, such as http://127.0.0.1:8000/chat"
        )
    return path


def _request(name: str) -> bytes:
    """Return the JSON object of a file. Raises Usage for what is none."""
    data = _bytes(name)
    body = read_json(data)
    if body.error is not None:
        problem = f"{body.error.message} at byte {body.error.offset}"
        raise Usage(f"--request: {name} is not JSON ({problem}); give the body that was sent")
    if not isinstance(body.value, dict):
        raise Usage(f"--request: {name} is JSON, but no object; give the body that was sent")
    return data


def _bytes(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(LIMIT_BYTES)
        with Path(name).open("rb") as stream:
            return stream.read(LIMIT_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Usage(f"{name}: cannot be read ({reason})") from None


def _prove(argv: Sequence[str]) -> int:
    parser = Parser("dialect prove", "Judge servers that are generated from a declaration.")
    parser.add_argument("file", metavar="FILE.toml")
    parser.add_argument("--fault", metavar="NAME", action="append", default=[])
    arguments = parser.parse_args(argv)
    return prove(_file(arguments.file), arguments.fault)
