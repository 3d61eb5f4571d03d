"""The options of the console script: their help, and what is wrong with a command line.

The options are those that the plugin declares to pytest, read from the same declarations.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from streamchat_conformance.core.nearest import did_you_mean, nearest_of
from streamchat_conformance.plugin.options import add_options

if TYPE_CHECKING:
    import pytest

OF_PYTEST = (
    *("-k", "-m", "-n", "-p", "-q", "-s", "-v", "-x"),
    *("--collect-only", "--durations", "--exitfirst", "--junitxml", "--maxfail", "--numprocesses"),
    *("--quiet", "--verbose"),
)
"""Options of pytest that are commonly given with the suite's own."""


class OptionError(ValueError):
    """A command line is wrong; the message is one line with mistake and cure."""


class _Parser(argparse.ArgumentParser):
    """A parser that raises OptionError instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise OptionError with argparse's message."""
        raise OptionError(f"{message.removeprefix('argument ')}; see --help")


class _Groups:
    """Stands in for pytest's parser and its groups: enters options into an argparse parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser
        self._group = parser.add_argument_group("options")

    def getgroup(self, _name: str, description: str = "") -> _Groups:
        """Return what enters the options of a group."""
        self._group = self._parser.add_argument_group(description)
        return self

    def addoption(self, *names: str, **attributes: Any) -> None:
        """Enter an option into the current group."""
        self._group.add_argument(*names, **attributes)


def _parser() -> _Parser:
    parser = _Parser(usage=argparse.SUPPRESS, add_help=False, allow_abbrev=False)
    add_options(cast("pytest.Parser", _Groups(parser)))
    return parser


def options_help() -> str:
    """Return the help of all options, by group."""
    return _parser().format_help()


def check_own_options(arguments: Sequence[str]) -> None:
    """Check that the suite's own options have values where they need them.

    Raises OptionError. Options that are not the suite's are left to pytest.
    """
    _parser().parse_known_args(list(arguments))


def unknown_option(option: str) -> str:
    """Return a line about an option that nobody declares, with the nearest one that exists."""
    name = option.partition("=")[0]
    known = [
        *(name for action in _parser()._actions for name in action.option_strings),  # noqa: SLF001
        *OF_PYTEST,
    ]
    return f"unknown option {name}; {did_you_mean(nearest_of(name, known)) or 'see --help'}"


class UnknownOptions:
    """A pytest plugin that ends the run at an option that nobody declares, in one line."""

    def pytest_load_initial_conftests(self, parser: pytest.Parser, args: list[str]) -> None:
        """Check the command line once every plugin has declared its options."""
        import pytest

        _, unknown = parser.parse_known_and_unknown_args(args)
        options = [word for word in unknown if word.startswith("-")]
        if options:
            raise pytest.UsageError(f"streamchat-conformance: {unknown_option(options[0])}")
