"""What a stream has opened by its ids: text parts, items, calls."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamchat_conformance.dialects.declared.declaration import ALL_SCOPES, DeclaredEvent
from streamchat_conformance.dialects.declared.pointers import found

ScopeId = tuple[str, str]
"""A scope's name, and the id in it as JSON."""


def shown_id(scope_id: ScopeId) -> str:
    """Return an id as a message shows it."""
    return " ".join(scope_id).strip()


@dataclass(slots=True)
class OpenScopes:
    """The ids that are open in one stream, and the text that came for each."""

    with_text: frozenset[str] = frozenset()
    """The scopes whose text is compared later."""
    _open: dict[ScopeId, None] = field(default_factory=dict)
    _closed: set[ScopeId] = field(default_factory=set)
    _unsure: set[str] = field(default_factory=set)
    """Scopes of which not every event could be read."""
    _may_stay_open: set[str] = field(default_factory=set)
    _texts: dict[ScopeId, list[str]] = field(default_factory=dict)

    def id_in(self, value: Any, name: str, pointers: Sequence[str]) -> ScopeId | None:
        """Return the id that an event has in a scope; None where it lacks it."""
        parts = [found(value, pointer)[:1] for pointer in pointers]
        if not all(parts):
            return None
        ids = [part[0] for part in parts]
        word = json.dumps(ids[0] if len(ids) == 1 else ids, default=str) if ids else ""
        return name, word[:200]

    def take(self, value: Any, kind: DeclaredEvent, *, readable: bool) -> str:
        """Open and close what an event does; return what is wrong with that, or nothing."""
        problems = []
        self._may_stay_open |= kind.leaves_open
        for name, pointers in kind.scopes.items():
            scope_id = self.id_in(value, name, pointers) if readable else None
            if scope_id is None:
                # Which one it opens or closes is not known: nor is what others are for.
                self._unsure.add(name)
            if scope_id is None or name in self._unsure:
                continue
            problems.append(self._problem(kind, scope_id))
            if name in kind.opens and kind.text is None:
                # What was open before has nothing to do with it.
                self._texts.pop(scope_id, None)
            if name in kind.opens or name in kind.ensures:
                self._open[scope_id] = None
            if name in kind.closes:
                self._open.pop(scope_id, None)
                self._closed.add(scope_id)
        return next(filter(None, problems), "")

    def _problem(self, kind: DeclaredEvent, scope_id: ScopeId) -> str:
        name, is_open = scope_id[0], scope_id in self._open
        if name in kind.opens:
            if is_open:
                return f"opens {shown_id(scope_id)}, which is open"
            if kind.once and scope_id in self._closed:
                return f"opens {shown_id(scope_id)}, which was closed"
            return ""
        if is_open or name in kind.ensures:
            return ""
        if name in kind.needs:
            return f"comes for {shown_id(scope_id)}, which is not open"
        if name in kind.closes:
            return f"closes {shown_id(scope_id)}, which is not open"
        return ""

    def left_open(self, closing: Collection[str]) -> ScopeId | None:
        """Return an id that is open at the end of a stream and may not be, or None."""
        if ALL_SCOPES in self._may_stay_open:
            return None
        must = {*closing} - self._may_stay_open - self._unsure
        return min((each for each in self._open if each[0] in must), default=None)

    def say(self, value: Any, kind: DeclaredEvent, text: str) -> None:
        """Keep the text of an event for the ids that it is for."""
        for name in self.with_text.intersection(kind.scopes):
            scope_id = self.id_in(value, name, kind.scopes[name])
            if scope_id is None:
                self._unsure.add(name)
                continue
            if kind.replace or name in kind.opens:
                self._texts[scope_id] = []
            if text:
                self._texts.setdefault(scope_id, []).append(text)

    def text_of(self, value: Any, name: str, scopes: Mapping[str, Sequence[str]]) -> str | None:
        """Return the text that came for the id of an event; None where that is not known."""
        scope_id = self.id_in(value, name, scopes.get(name, ()))
        if scope_id is None or name in self._unsure:
            return None
        parts = self._texts.get(scope_id, [])
        return "".join(parts)
