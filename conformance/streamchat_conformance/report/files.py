"""Writing reports: whole or not at all, with a clear word when it cannot be done."""

from __future__ import annotations

import os
from pathlib import Path

from streamchat_conformance.report.json_report import write_whole


class WriteError(ValueError):
    """A file cannot be written; the message is one line that names the option and the cure."""


def check_writable(option: str, file: Path) -> None:
    """Check that a file can be written before any work is done. Raises WriteError."""
    folder = file.parent
    if not str(file) or file.is_dir():
        raise WriteError(f"{option}: {file} is a folder; name a file")
    if not folder.is_dir():
        raise WriteError(f"{option}: the folder {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise WriteError(f"{option}: the folder {folder} is not writable; name another")


def write_file(option: str, file: Path, text: str) -> None:
    """Write a file so that it is never seen half-written. Raises WriteError."""
    try:
        # Lone surrogates from a peer cannot be written as UTF-8: they are shown as escapes.
        write_whole(file, text.encode("utf-8", "backslashreplace").decode("utf-8"))
    except OSError as error:
        raise WriteError(f"{option}: {file} cannot be written ({error.strerror})") from None
