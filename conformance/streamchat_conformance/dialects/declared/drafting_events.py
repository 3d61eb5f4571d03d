"""The events of a stream as declarations: their kinds, and where the text seems to stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from streamchat_conformance.dialects.declared.drafting_texts import drafted_text, text_at
from streamchat_conformance.dialects.declared.pointers import TYPES, found, is_of, kind_word

SaidEvent = tuple[str, str, Any]
"""An event's name, its data, and the value of it; None where the data is not JSON."""

_KINDS = ("type", "event", "kind", "op", "object")
_TEXTS = (
    *("delta", "text", "content", "token", "answer", "response", "message", "chunk", "t", "d"),
    *("value", "output", "piece", "v"),
)
_ENDS = ("done", "finished", "final", "complete", "is_end", "end", "finish_reason", "last", "stop")
_DEEPEST = 6
"""How deep in an event members are looked for."""


@dataclass(slots=True)
class DraftedEvent:
    """One [[event]]."""

    kind: str = ""
    plain: bool = False
    bare: bool = False
    """Whether it has no data."""
    when: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    unless: dict[str, Any] = field(default_factory=dict)
    """What stands next to a text that is none of the answer's."""
    optional: bool = False
    replace: bool = False
    require: dict[str, str] = field(default_factory=dict)
    equal: str = ""
    states: dict[str, str] = field(default_factory=lambda: {"open": "open"})
    notes: list[str] = field(default_factory=list)


def kind_place(events: Sequence[SaidEvent]) -> str:
    """Return where an event's kind seems to stand: `event`, a pointer, or nowhere."""
    if any(name != "message" for name, _, _ in events):
        return "event"
    first = events[0][2] if events and isinstance(events[0][2], dict) else {}
    around = [name for name in first if re.fullmatch(r"[A-Za-z_]\w*", str(name))]
    for place in (f"/{name}" for name in _KINDS):
        words = _words_at(events, place)
        if words and (len(words) > 1 or place[1:] in _KINDS[:3]):
            return place
    nested = (f"/{outer}/{name}" for outer in around for name in _KINDS[:3])
    return next((place for place in nested if len(_words_at(events, place)) > 1), "")


def _words_at(events: Sequence[SaidEvent], place: str) -> set[str]:
    """Return the kinds that a place in the events names; none where some event lacks it."""
    words = [kind_word(each) for _, _, value in events for each in found(value, place)[:1]]
    named = {word for word in words if word is not None}
    return named if len(words) == len(events) and None not in words else set()


def drafted_events(
    events: Sequence[SaidEvent], place: str, *, ended: bool = False
) -> list[DraftedEvent]:
    """Return the kinds of events, in the order in which they come.

    `ended` says that none of them ends the stream.
    """
    groups: dict[str, list[SaidEvent]] = {}
    for event in events:
        groups.setdefault(_kind(event, place), []).append(event)
    text_kind, text = _text_of_all(groups)
    text, unless = drafted_text(text, [value for _, _, value in groups.get(text_kind, [])])
    drafts = []
    for kind, group in groups.items():
        draft = DraftedEvent(kind)
        values = [value for _, _, value in group]
        draft.plain = any(value is None for value in values) and place == "event"
        if kind == text_kind and text is not None:
            draft.text, draft.unless = text, unless
            draft.optional = not draft.plain and any(not found(each, text) for each in values)
            said = [each for value in values for each in text_at(value, text, unless)]
            draft.replace = not draft.plain and _cumulative(said)
        if not draft.plain:
            draft.require = _required(values, place, draft)
        drafts.append(draft)
    if not ended:
        _end(drafts, groups, events, place)
    return drafts


def _kind(event: SaidEvent, place: str) -> str:
    if place == "event":
        return event[0]
    values = found(event[2], place) if place else []
    return kind_word(values[0]) or "" if values else ""


def _leaves(value: Any, at: str = "", depth: int = 0) -> dict[str, Any]:
    """Return the strings, numbers and truth values in a value, by their places."""
    if depth > _DEEPEST:
        return {}
    if isinstance(value, dict):
        inner = {
            str(name).replace("~", "~0").replace("/", "~1"): each for name, each in value.items()
        }
    elif isinstance(value, list):
        inner = {str(number): each for number, each in enumerate(value[:3])}
    else:
        # Data may be a string alone.
        return {at: value} if at or isinstance(value, str) else {}
    leaves: dict[str, Any] = {}
    for name, each in inner.items():
        leaves.update(_leaves(each, f"{at}/{name}", depth + 1))
    return leaves


def _text_of_all(groups: dict[str, list[SaidEvent]]) -> tuple[str, str | None]:
    """Return the kind that has the pieces of the text, and where they stand."""
    best: tuple[tuple[bool, int, int], str, str] | None = None
    for kind, group in groups.items():
        values = [value for _, _, value in group]
        if all(value is None for value in values) and group[0][0] != "message":
            continue
        places: dict[str, list[str]] = {}
        for value in values:
            for place, leaf in _leaves(value).items():
                if isinstance(leaf, str) and leaf:
                    places.setdefault(place, []).append(leaf)
        for place, texts in places.items():
            words = [word for word in place.lower().split("/") if not word.isdigit()]
            named = bool(words) and words[-1] in _TEXTS
            score = (named, len(set(texts)), sum(map(len, texts)))
            if len(set(texts)) < min(2, len(group)) and not named:
                continue
            if best is None or score > best[0]:
                best = (score, kind, place)
    if best is not None:
        return best[1], best[2]
    plain = max(
        (kind for kind, group in groups.items() if all(each is None for _, _, each in group)),
        key=lambda kind: len(groups[kind]),
        default="",
    )
    return (plain, "") if plain else ("", None)


def _cumulative(texts: list[str]) -> bool:
    """Return whether each text begins with the one before it."""
    said = [each for each in texts if each]
    pairs = list(pairwise(said))
    grows = [len(later) > len(earlier) for earlier, later in pairs]
    return len(pairs) > 1 and any(grows) and all(b.startswith(a) for a, b in pairs)


def _required(values: list[Any], place: str, draft: DraftedEvent) -> dict[str, str]:
    """Return the members that all events of a kind have, and their types."""
    required = {}
    first = values[0] if isinstance(values[0], dict) else {}
    for name in first:
        at = f"/{str(name).replace('~', '~0').replace('/', '~1')}"
        here = [found(value, at) for value in values]
        if at == place or not all(here) or not isinstance(name, str):
            continue
        types = {_type(each[0]) for each in here}
        if len(types) == 1 and "null" not in types:
            required[at] = types.pop()
    if draft.text and draft.text in required:
        del required[draft.text]
    return required


def _type(value: Any) -> str:
    order = ("string", "boolean", "integer", "number", "array", "object", "null")
    return next((name for name in order if name in TYPES and is_of(value, (name,))), "any")


def _end(
    drafts: list[DraftedEvent],
    groups: dict[str, list[SaidEvent]],
    events: Sequence[SaidEvent],
    place: str,
) -> None:
    """Enter how the stream ends: by its last kind, or by what only its last event says."""
    if not events:
        return
    last = events[-1]
    draft = next(each for each in drafts if each.kind == _kind(last, place))
    joined = _joined(drafts, groups)
    if len(groups[draft.kind]) == 1 and len(drafts) > 1:
        draft.states = {"open": "complete"}
        draft.notes.append("The last event: it completes a stream.")
        _equal(draft, last[2], joined)
        return
    if draft.plain or not isinstance(last[2], dict):
        return
    sign = _sign(last[2], [value for _, _, value in groups[draft.kind][:-1]])
    if sign is None:
        return
    end = DraftedEvent(draft.kind, when=dict([sign]), states={"open": "complete"})
    end.notes.append("The last event: this member of it completes a stream.")
    texts = found(last[2], draft.text) if draft.text else []
    if texts and isinstance(texts[0], str):
        end.text, end.unless, end.replace = draft.text, draft.unless, draft.replace
    _equal(end, last[2], joined)
    others = [value for _, _, value in groups[draft.kind][:-1]]
    draft.optional = bool(draft.text) and any(not found(each, draft.text or "") for each in others)
    draft.require = _required(others, place, draft) if others else {}
    drafts.insert(drafts.index(draft), end)


def _joined(drafts: list[DraftedEvent], groups: dict[str, list[SaidEvent]]) -> str:
    for draft in drafts:
        if draft.text:
            said = [
                each
                for _, _, value in groups[draft.kind]
                for each in text_at(value, draft.text, draft.unless)
            ]
            return said[-1] if draft.replace and said else "".join(said)
    return ""


def _equal(draft: DraftedEvent, value: Any, joined: str) -> None:
    """Enter where the whole text comes once more."""
    for place, leaf in _leaves(value).items():
        if joined and leaf == joined and place != draft.text and len(joined) > 1:
            draft.equal = place
            return


def _sign(last: dict[str, Any], others: list[Any]) -> tuple[str, Any] | None:
    """Return what the last event says and no other one: its place, and a condition."""
    leaves = _leaves(last)
    places = sorted(leaves, key=lambda at: at.rpartition("/")[2].lower() not in _ENDS)
    for at in places:
        value = leaves[at]
        before = [each for other in others for each in found(other, at)]
        if value is True and True not in before:
            return at, True
        named = at.rpartition("/")[2].lower() in _ENDS
        if named and value is not None and all(each is None for each in before):
            return at, "non-null"
    for name in last:
        at = f"/{name}"
        if others and not any(found(other, at) for other in others):
            return at, "non-null"
    return None
