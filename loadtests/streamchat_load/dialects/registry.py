"""The dialects that `--dialect` names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamchat_conformance.dialects.registry import SUFFIX

from streamchat_load.dialects.declared.dialect import DeclaredLoadDialect
from streamchat_load.dialects.openai.dialect import CompletionsDialect
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.errors import LoadUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_load.dialects.dialect import LoadDialect

OPENAI = "openai"
NAMES = ("stream-chat", OPENAI)
"""The words that the option takes, the default first."""


def load_dialect(name: str, dumped: Mapping[str, Any]) -> LoadDialect:
    """Return a dialect with what is known of the server. Raises LoadUsageError."""
    if name == NAMES[0]:
        return StreamChatDialect()
    if name == OPENAI:
        return CompletionsDialect.load(dumped) if dumped else CompletionsDialect()
    if name.endswith(SUFFIX):
        return DeclaredLoadDialect(name, dumped.get("form", {}))
    known = f"{', '.join(NAMES)} and FILE{SUFFIX}"
    raise LoadUsageError(f"there is no dialect {name!r} for load tests; known: {known}")
