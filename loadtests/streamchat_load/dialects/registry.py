"""The dialects that `--dialect` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from streamchat_conformance.core.nearest import nearest
from streamchat_conformance.dialects.registry import SUFFIX

from streamchat_load.dialects.anthropic.dialect import MessagesDialect
from streamchat_load.dialects.declared.dialect import DeclaredLoadDialect
from streamchat_load.dialects.openai.dialect import CompletionsDialect
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.errors import LoadUsageError

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import LoadDialect

TALKS: Mapping[str, type[CompletionsDialect | MessagesDialect]] = {
    each.name: each for each in (CompletionsDialect, MessagesDialect)
}
"""The dialects that have a model, a prompt and a limit, by name."""
NAMES = ("stream-chat", *TALKS)
"""The words that the option takes, the default first."""


def load_dialect(name: str, dumped: Mapping[str, Any]) -> LoadDialect:
    """Return a dialect with what is known of the server. Raises LoadUsageError."""
    if name == NAMES[0]:
        return StreamChatDialect()
    if name in TALKS:
        return TALKS[name].load(dumped) if dumped else TALKS[name]()
    if name.endswith(SUFFIX):
        return DeclaredLoadDialect(name, dumped.get("form", {}))
    hint = nearest(name, (*NAMES, f"FILE{SUFFIX}"), list_all=True)
    raise LoadUsageError(f"there is no dialect {name!r} for load tests; {hint}")
