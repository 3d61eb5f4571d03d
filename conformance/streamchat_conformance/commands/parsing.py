"""Shared parts of the subcommands: arguments, exit codes, and one line for each mistake."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from streamchat_conformance.report.files import WriteError, check_writable, write_file

EXIT_OK = 0
EXIT_WORSE = 1
EXIT_USAGE = 4


class Usage(Exception):  # noqa: N818 - the end of a command, not only by mistake
    """Ends a command early: with a message by mistake, without one after `--help`."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises Usage instead of ending the process."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"streamchat-conformance {command}", description=description)

    def error(self, message: str) -> NoReturn:
        """Raise Usage with argparse's message."""
        raise Usage(f"{message}; see '{self.prog} --help'")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Raise Usage: after `--help` without a message."""
        raise Usage(message or "" if status else "")


def fault(command: str, mistake: Exception) -> int:
    """Print a mistake as one line, and return the exit code that belongs to it."""
    text = str(mistake)
    if not text and isinstance(mistake, Usage):
        return EXIT_OK
    line = "".join(character if character.isprintable() else " " for character in text)
    print(f"streamchat-conformance {command}: {line}", file=sys.stderr)
    return EXIT_USAGE


def check_option(option: str, file: Path | None) -> None:
    """Check that a file can be written, if there is one. Raises Usage."""
    if file is not None:
        try:
            check_writable(option, file)
        except WriteError as error:
            raise Usage(str(error)) from None


def write_checked(option: str, file: Path, text: str) -> None:
    """Write a whole file. Raises Usage, naming the option or argument and the cure."""
    check_option(option, file)
    try:
        write_file(option, file, text)
    except WriteError as error:
        raise Usage(str(error)) from None


def print_safely(text: str) -> None:
    """Print text from reports so that no terminal acts on it, and any encoding can carry it."""
    shown = "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )
    encoding = sys.stdout.encoding or "utf-8"
    print(shown.encode(encoding, "backslashreplace").decode(encoding), end="")
