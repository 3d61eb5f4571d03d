"""A request as a template: where the prompt, the history and the model seem to stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from streamchat_conformance.dialects.declared.pointers import found, kind_word, with_value

_PROMPTS = (
    *("prompt", "query", "question", "message", "input", "text", "content", "msg", "ask", "q"),
    *("user_input", "say", "utterance", "instruction"),
)
_ROLES = ("role", "who", "author", "speaker", "from", "sender", "type")
_ASSISTANTS = ("assistant", "model", "bot", "ai", "agent", "system")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(slots=True)
class DraftedRequest:
    """What was found in a request."""

    template: Any
    item: Any = None
    roles: dict[str, str] = field(default_factory=dict)
    in_history: bool = False
    model: str = ""
    required: dict[str, str] = field(default_factory=dict)
    certain: bool = True


def drafted_request(value: dict[str, Any]) -> DraftedRequest:
    """Return the template of a request."""
    draft = DraftedRequest(_without_ids(value))
    if isinstance(value.get("model"), str):
        draft.model = value["model"]
        draft.template = {**draft.template, "model": "$model"}
        draft.required["/model"] = "string"
    prompt = _prompt_place(draft.template)
    turns = next(
        (name for name, each in value.items() if isinstance(each, list) and _turn(each)), ""
    )
    if turns:
        draft.item, draft.roles = _item(value[turns])
        draft.in_history = not prompt
        draft.template = {**draft.template, turns: "$history"}
        draft.required[f"/{turns}"] = "array"
    if prompt:
        draft.template = with_value(draft.template, prompt, "$prompt")
        draft.required[prompt] = "string"
        draft.certain = prompt.rpartition("/")[2].lower() in _PROMPTS
    elif not turns:
        draft.template = {**draft.template, "message": "$prompt"}
        draft.certain = False
    return draft


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(each) for name, each in value.items()}
    return "$uuid" if isinstance(value, str) and _UUID.fullmatch(value) else value


def _texts(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield the strings in an object, arrays left out, each with its place."""
    for name, each in value.items():
        place = f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if isinstance(each, dict):
            yield from _texts(each, place)
        elif isinstance(each, str) and not each.startswith("$"):
            yield place, each


def _prompt_place(value: Any) -> str:
    """Return where the text of the user seems to stand, or an empty string."""
    texts = list(_texts(value))
    for name in _PROMPTS:
        for place, _ in texts:
            if place.rpartition("/")[2].lower() == name:
                return place
    if any(isinstance(each, list) and _turn(each) for each in value.values()):
        return ""
    return max(texts, key=lambda each: (" " in each[1], len(each[1])))[0] if texts else ""


def _turn(listed: list[Any]) -> bool:
    """Return whether an array has the turns of a conversation."""
    return bool(listed) and all(
        isinstance(each, dict) and any(name in each for name in _ROLES) for each in listed
    )


def _item(turns: list[Any]) -> tuple[Any, dict[str, str]]:
    """Return how a turn looks, and the words for the roles."""
    last = turns[-1]
    role = next(name for name in _ROLES if name in last)
    words = [kind_word(turn.get(role)) or "" for turn in turns]
    roles = {"user": words[-1] or "user"}
    others = [word for word in words if word != roles["user"]]
    answers = [word for word in others if word.lower() in _ASSISTANTS] or others
    roles["assistant"] = answers[-1] if answers else "assistant"
    item = {name: each for name, each in last.items() if name != role}
    place = _prompt_place(item) or _nested_text(item)
    item = with_value(item, place, "$text") if place else {**item, "text": "$text"}
    return {role: "$role", **item}, roles


def _nested_text(item: dict[str, Any]) -> str:
    """Return where text stands in an array of parts, such as `/content/0/text`."""
    for name, parts in item.items():
        if isinstance(parts, list) and parts and isinstance(parts[0], dict):
            inner = next(iter(_texts(parts[0])), None)
            for place, _ in _texts(parts[0]):
                if place.rpartition("/")[2].lower() in _PROMPTS:
                    return f"/{name}/0{place}"
            if inner is not None and found(item, f"/{name}/0{inner[0]}"):
                return f"/{name}/0{inner[0]}"
        if isinstance(parts, list) and parts and isinstance(parts[0], str):
            return f"/{name}/0"
    return ""
