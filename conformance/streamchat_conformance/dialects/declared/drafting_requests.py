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
_ROLES = ("role", "who", "author", "speaker", "from", "sender", "by", "side", "type")
_ASSISTANTS = ("assistant", "model", "bot", "ai", "agent", "machine", "chatbot", "system")
_USERS = ("user", "human", "me", "customer", "client", "visitor", "person")
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
    invented: bool = False
    """Whether the member with the prompt is none of the recorded request."""


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
        draft.in_history = not prompt
        draft.item, draft.roles = _item(value[turns], prompt_last=draft.in_history)
        draft.template = {**draft.template, turns: "$history"}
        draft.required[f"/{turns}"] = "array"
    if prompt:
        draft.template = with_value(draft.template, prompt, "$prompt")
        draft.required[prompt] = "string"
        draft.certain = prompt.rpartition("/")[2].lower() in _PROMPTS
    elif not turns:
        draft.template = {**draft.template, "message": "$prompt"}
        draft.invented = True
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
    return _role_place(listed) is not None


def _role_place(listed: list[Any]) -> str | None:
    """Return the member that says whose turn it is; None if an array has no turns.

    That is a member with a common name; or one whose words come again from turn to turn, next to
    a text.
    """
    if not listed or not all(isinstance(each, dict) for each in listed):
        return None
    common = (name for name in _ROLES if all(name in each for each in listed))
    return next(common, None) or next(
        (
            name
            for name in listed[0]
            if (words := [_word(each.get(name)) for each in listed])
            and None not in words
            and 1 < len(set(words)) < len(words)
            and any(other != name and isinstance(each, str) for other, each in listed[-1].items())
        ),
        None,
    )


def _word(value: Any) -> str | None:
    short = isinstance(value, str) and re.fullmatch(r"[\w-]{1,20}", value)
    return value if short else None


def _item(turns: list[Any], *, prompt_last: bool) -> tuple[Any, dict[str, str]]:
    """Return how a turn looks, and the words for the roles.

    `prompt_last`: the last turn is the prompt, and the user's; without it, the answer to one.
    """
    last = turns[-1]
    role = _role_place(turns) or _ROLES[0]
    words = [kind_word(turn.get(role)) or "" for turn in turns]
    while words and words[0].lower() in ("", "system"):
        del words[0]
    roles = _roles(words, prompt_last)
    item = {name: each for name, each in last.items() if name != role}
    place = _prompt_place(item) or _nested_text(item)
    item = with_value(item, place, "$text") if place else {**item, "text": "$text"}
    return {role: "$role", **item}, roles


def _roles(words: list[str], prompt_last: bool) -> dict[str, str]:
    """Return the words for the user and the assistant, of the words of the turns in their order."""
    users = [word for word in words if word.lower() in _USERS]
    answers = [word for word in words if word.lower() in _ASSISTANTS and word not in users]
    if not users and not answers and words:
        (users if prompt_last else answers).append(words[-1])
    if not users:
        users = [word for word in words if word not in answers] or ["user"]
    if not answers:
        answers = [word for word in words if word not in users] or ["assistant"]
    return {"user": users[-1], "assistant": answers[-1]}


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
