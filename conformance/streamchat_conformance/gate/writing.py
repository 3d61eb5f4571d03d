"""The list of known failures as TOML text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from streamchat_conformance.gate.known_failures import FLAKY, KNOWN, KnownFailure, KnownFailures

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFACE = """\
# Requirements that this server is known to break. What is listed does not fail the gate; what
# is listed and passes does. Optional in an entry: issue = "URL" and expires = 2027-03-31."""


def as_toml(known: KnownFailures) -> str:
    """Return the list as the text of a file; reading it gives an equal list."""
    parts = [known.preface or PREFACE]
    for kind, entries in ((KNOWN, known.failures), (FLAKY, known.flaky)):
        parts += ["\n".join(_lines(kind, entry)) for entry in entries.values()]
    return "\n\n".join(parts) + "\n"


def _lines(kind: str, entry: KnownFailure) -> Iterator[str]:
    yield f"[[{kind}]]"
    yield f"id = {_string(entry.id)}"
    yield f"reason = {_string(entry.reason)}"
    if entry.issue:
        yield f"issue = {_string(entry.issue)}"
    if entry.expires is not None:
        yield f"expires = {entry.expires.isoformat()}"


def _string(text: str) -> str:
    """Return a TOML basic string.

    JSON's escapes are TOML's, but for DEL, which TOML wants escaped, and lone surrogates,
    which no TOML file can hold.
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
