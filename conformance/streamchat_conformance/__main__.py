"""The console script `streamchat-conformance`, also `python -m streamchat_conformance`.

Without a subcommand it judges a server: it runs pytest on the suite's own cases, with the
suite's own ini file, and passes every option on. Nothing of the project it is started in can
change the run: no ini file, no conftest, no `PYTEST_ADDOPTS`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from streamchat_conformance import __version__
from streamchat_conformance.catalogue.links import SUITE_FAULT
from streamchat_conformance.core.nearest import nearest

SUBCOMMANDS: Mapping[str, str] = {
    "list": "list the requirements: id, level, sentence and source",
    "rules": "list the frozen rule sets, and changed, disputed and withdrawn rules",
    "explain": "explain one requirement: why it exists, how to fix a server that breaks it",
    "replay": "send a finding's request again, and show whether the finding shows again",
    "judge": "judge recorded exchanges or captured event streams, without a network",
    "guess": "show which dialect a server or a recording speaks, and how to judge it",
    "compare": "show what got better and worse between two JSON reports",
    "matrix": "make one table of many JSON reports",
    "board": "make one page of many JSON reports, each cell a link to its finding",
    "github": "show a JSON report in a job of GitHub: annotations, summary, outputs",
    "schema": "print the JSON Schema of the JSON report",
    "dialect": "check, start or prove the declaration of an API of your own",
    "html": "turn a JSON report into a page",
}
"""Name to one line of help. Each is `main(argv) -> int` of the module `commands.NAME`."""

CASES = "streamchat_conformance.cases"

EXIT_OK = 0
EXIT_FAULT = 3
EXIT_USAGE = 4
EXIT_INTERRUPTED = 2

_SWAYING_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""Variables by which the user's surroundings would add options or plugins to the run."""


def usage() -> str:
    """Return the help text."""
    from streamchat_conformance.commands.options import options_help

    commands = "\n".join(f"  {name:<9} {line}" for name, line in SUBCOMMANDS.items())
    return f"""\
usage: streamchat-conformance [OPTION ...]
       streamchat-conformance COMMAND [OPTION ...]

Judges a server of streaming chat over HTTP. Without --target-url or --target-command the embedded
reference server is judged.

{options_help()}
pytest:
  The cases are pytest tests, and pytest's own options work: -k NAME, -x, -v, --junitxml=FILE,
  and -n NUMBER where pytest-xdist is installed. --all-options shows all of them.

commands ('COMMAND --help' shows the options of one):
{commands}

exit codes:
  0  conformant: no MUST is broken (with --fail-on should: no SHOULD either)
  1  not conformant
  2  interrupted
  3  fault of the suite itself: please report it, {SUITE_FAULT}
  4  wrong option or setting, or nothing was decided: one line says which
  6  target not testable: nothing listens, TLS fails, credentials are missing, ...
"""


def pytest_arguments(options: Sequence[str]) -> list[str]:
    """Return pytest's command line for judging a server with these options."""
    home = Path(__file__).resolve().parent
    return [
        *("-c", str(home / "suite.ini")),
        f"--rootdir={home}",
        *("-p", "streamchat_conformance"),
        *("-p", "no:cacheprovider"),
        "--noconftest",
        *options,
        *("--pyargs", CASES),
    ]


def run_suite(options: Sequence[str]) -> int:
    """Judge a server; return the exit code."""
    import pytest

    from streamchat_conformance.commands.garbage import GarbageOfTheRun, no_garbage_of_imports
    from streamchat_conformance.commands.options import (
        OptionError,
        UnknownOptions,
        check_own_options,
    )

    try:
        check_own_options(options)
    except OptionError as mistake:
        _say(str(mistake))
        return EXIT_USAGE
    for name in _SWAYING_VARIABLES:
        os.environ.pop(name, None)
    plugins = [UnknownOptions(), GarbageOfTheRun()]
    with no_garbage_of_imports():
        return int(pytest.main(pytest_arguments(options), plugins=plugins))


def run_subcommand(name: str, argv: Sequence[str]) -> int:
    """Run a subcommand; return its exit code. A fault of its own is reported in one line."""
    try:
        module = importlib.import_module(f"streamchat_conformance.commands.{name}")
        return int(module.main(list(argv)))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last stop before a traceback
        _say(f"fault of the suite in '{name}': {type(error).__name__}: {error}")
        return EXIT_FAULT


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; what is left to print has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK


def _dispatch(arguments: list[str]) -> int:
    first = arguments[0] if arguments else ""
    if first in SUBCOMMANDS:
        return run_subcommand(first, arguments[1:])
    if not {"-h", "--help"}.isdisjoint(arguments):
        print(usage(), end="")
    elif first in ("-V", "--version"):
        print(f"streamchat-conformance {__version__}")
    elif first == "--all-options":
        return run_suite(["--help"])
    elif first and not first.startswith("-"):
        _say(_unknown(first))
        return EXIT_USAGE
    else:
        return run_suite(arguments)
    return EXIT_OK


def _unknown(word: str) -> str:
    return f"unknown command {word!r}; {nearest(word, SUBCOMMANDS)} (options begin with '--')"


def _say(line: str) -> None:
    text = "".join(character if character.isprintable() else " " for character in line)
    print(f"streamchat-conformance: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
