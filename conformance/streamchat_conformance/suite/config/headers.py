"""Field lines that a user gives, taken apart and checked."""

from __future__ import annotations

import re

from streamchat_conformance.core.grammar import TOKEN
from streamchat_conformance.suite.config.typed import SettingsError

_FIELD_NAME = re.compile(TOKEN)
_FIELD_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_WRITTEN_BY_SUITE = frozenset(
    {"host", "content-length", "transfer-encoding", "content-type", "connection", "expect"}
)


def parse_header(text: str) -> tuple[str, str]:
    """Take `Name: value` apart. Raises SettingsError."""
    name, colon, value = text.partition(":")
    value = value.strip(" \t")
    if not colon or not _FIELD_NAME.fullmatch(name):
        shown = text if len(text) < 40 else text[:20] + "…"
        raise SettingsError(
            f"header {shown!r}: write 'Name: value', with a name of token characters"
        )
    # The value may be a secret, so no message repeats it.
    if not _FIELD_VALUE.fullmatch(value):
        raise SettingsError(
            f"header {name!r}: the value has a line break or another control character; "
            "write it on one line"
        )
    if name.lower() in _WRITTEN_BY_SUITE:
        raise SettingsError(f"header {name!r}: the suite writes this field itself; leave it out")
    return name, value
