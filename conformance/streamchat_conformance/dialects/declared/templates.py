"""Templates of requests: filled with values, and matched against what was sent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamchat_conformance.core.json_value import same_json_value
from streamchat_conformance.dialects.declared.declaration import DeclaredRequestForm

UUIDS = ("uuid", "uuid2", "uuid3")
PLACEHOLDER_NAMES = ("prompt", "history", "model", *UUIDS, "role", "text")
_PLACEHOLDER = re.compile(r"\$(" + "|".join(PLACEHOLDER_NAMES) + r")\b")
Turn = tuple[str, str]
"""A role, by the suite's word for it, and a text."""


def placeholders_in(template: Any) -> set[str]:
    """Return the names of the placeholders in a template."""
    if isinstance(template, str):
        return set(_PLACEHOLDER.findall(template))
    if isinstance(template, dict):
        return {name for each in template.values() for name in placeholders_in(each)}
    if isinstance(template, list):
        return {name for each in template for name in placeholders_in(each)}
    return set()


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a template with values in the places of its placeholders.

    A string that is one placeholder becomes the value itself; within a longer one it becomes text.
    """
    if isinstance(template, dict):
        return {name: filled(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [filled(each, values) for each in template]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole is not None:
        return values.get(whole[1], template)
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), template)


def request_of(
    form: DeclaredRequestForm, prompt: Any, turns: Sequence[Turn], model: str, id_: str = ""
) -> Any:
    """Return the JSON value of a request."""
    said = [*turns, ("user", prompt)] if form.prompt_in_history else turns
    base = uuid.UUID(id_) if id_ else uuid.uuid4()
    ids = dict(zip(UUIDS, map(str, (base, _other(base, 2), _other(base, 3))), strict=True))
    history = [
        filled(
            form.history_item,
            # Each turn has ids of its own.
            {
                **{
                    name: str(_other(uuid.UUID(each), f"turn {number}"))
                    for name, each in ids.items()
                },
                "role": form.roles.get(role, role),
                "text": text,
            },
        )
        for number, (role, text) in enumerate(said)
    ]
    return filled(form.template, {"prompt": prompt, "history": history, "model": model, **ids})


def _other(base: uuid.UUID, label: object) -> uuid.UUID:
    return uuid.uuid5(base, str(label))


@dataclass(slots=True)
class Bindings:
    """What a request says in the places of a template."""

    values: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Members of the request itself that the template does not have."""


def matched(form: DeclaredRequestForm, value: Any) -> Bindings | None:
    """Return what a request says; None where it is not one of the declared form."""
    bindings = Bindings()
    if not _match(form, form.template, value, bindings, ""):
        return None
    if form.prompt_in_history:
        turns = bindings.values.get("history", [])
        if not turns or turns[-1][0] != "user":
            return None
        *turns, (_, prompt) = turns
        bindings.values.update(history=turns, prompt=prompt)
    return bindings


def _match(
    form: DeclaredRequestForm, template: Any, value: Any, bindings: Bindings, at: str
) -> bool:
    if isinstance(template, str):
        return _match_text(form, template, value, bindings)
    if isinstance(template, dict):
        if not isinstance(value, dict):
            return False
        surplus = [name for name in value if name not in template]
        if surplus and at:
            return False
        bindings.unknown += surplus
        return all(
            _match(form, inner, value[name], bindings, f"{at}/{name}")
            if name in value
            else f"{at}/{name}" in form.optional
            for name, inner in template.items()
        )
    if isinstance(template, list):
        return (
            isinstance(value, list)
            and len(value) == len(template)
            and all(
                _match(form, inner, each, bindings, f"{at}/{number}")
                for number, (inner, each) in enumerate(zip(template, value, strict=True))
            )
        )
    return same_json_value(template, value, exact=False) is None


def _match_text(form: DeclaredRequestForm, template: str, value: Any, bindings: Bindings) -> bool:
    whole = _PLACEHOLDER.fullmatch(template)
    if whole is None:
        return isinstance(value, str) and _match_inside(template, value, bindings)
    if whole[1] == "history":
        turns = [_turn(form, item) for item in value] if isinstance(value, list) else [None]
        bindings.values["history"] = turns
        return None not in turns
    bindings.values[whole[1]] = value
    return isinstance(value, str)


def _match_inside(template: str, value: str, bindings: Bindings) -> bool:
    parts = _PLACEHOLDER.split(template)
    pattern = "".join(
        "(.*)" if number % 2 else re.escape(part) for number, part in enumerate(parts)
    )
    match = re.fullmatch(pattern, value, re.DOTALL)
    if match is None:
        return False
    bindings.values.update(zip(parts[1::2], match.groups(), strict=True))
    return True


def _turn(form: DeclaredRequestForm, item: Any) -> Turn | None:
    inner = Bindings()
    if not _match(DeclaredRequestForm({}), form.history_item, item, inner, "/"):
        return None
    words = {word: role for role, word in form.roles.items()}
    role = inner.values.get("role", form.roles.get("user", "user"))
    text = inner.values.get("text", "")
    return (words[role], text) if role in words else None
