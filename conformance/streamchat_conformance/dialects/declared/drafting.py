"""A first declaration, written from one recorded exchange; what it guesses, it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.secrets import secret_parameters, without_parameters
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.declared.drafting_events import (
    DraftedEvent,
    drafted_events,
    kind_place,
)
from streamchat_conformance.dialects.declared.drafting_requests import drafted_request

_MARK = re.compile(r"[\[<({]+[\w .:-]+[\])}>]+|[A-Z_]{2,}")
"""What a sentinel looks like, and no piece of text."""

_KEY_FIELDS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")


ASSUMED_PATH = "/chat"
"""The path of a draft where neither the recording nor the user says it."""


def path_in(sent: SentRequest | None) -> str:
    """Return the path that a recording says; an empty string where it does not."""
    path = without_keys(sent.target) if sent is not None and sent.body else ""
    return path if path.startswith("/") and "the/path/of/your" not in path else ""


def without_keys(path: str) -> str:
    """Return a path without the query parameters that carry keys."""
    return without_parameters(path, {name for name, _ in secret_parameters(path)})


def guesses(sent: SentRequest | None, path: str) -> Iterator[str]:
    """Yield what a draft only assumes, since the recording does not say it."""
    if not path:
        yield (
            f"the recording does not say the path: {ASSUMED_PATH} is assumed; "
            "give --url URL, or change 'path' in the file"
        )
    if not isinstance(_body_of(sent), dict):
        yield (
            "the recording does not have the request: its template is assumed; "
            "give --request FILE, or change 'template' in the file"
        )


def _body_of(sent: SentRequest | None) -> Any:
    return read_json(sent.body).value if sent is not None and sent.body else None


def drafted(
    name: str,
    sent: SentRequest | None,
    events: list[Block],
    *,
    comments: bool,
    path: str | None = None,
) -> str:
    """Return the text of a declaration: of a request, if it is known, and a stream's events.

    `path` is that of the endpoint, where it is not the recorded one. A key in its query becomes
    `[auth]`, and does not stand in the declaration.
    """
    said = [
        (event.type, event.data)
        for block in events
        if (event := block.event) is not None and event.data.strip()
    ]
    values = [(type_, data, read_json(data)) for type_, data in said]
    sentinel = ""
    if values and values[-1][2].error is not None and values[-1][0] == "message":
        # Of a stream of text the last piece is no sentinel, unless it looks like one.
        others = [json_ for _, _, json_ in values[:-1]]
        if _MARK.fullmatch(values[-1][1].strip()) or any(json_.error is None for json_ in others):
            sentinel = values.pop()[1].strip()
    read = [(type_, data, None if json_.error else json_.value) for type_, data, json_ in values]
    named = [each for each in map(_bare_name, events) if each is not None]
    last = next((block for block in reversed(events) if block.event or _bare_name(block)), None)
    end = (_bare_name(last) or "") if last is not None else ""
    end = end if named.count(end) == 1 else ""
    text = bool(read) and all((type_, value) == ("message", None) for type_, _, value in read)
    place = "event" if end or text else kind_place(read)
    empty = sorted({*named} - {end})
    lines = [
        *_dialect(name, path_in(sent) if path is None else without_keys(path)),
        "",
        *_request(sent),
        "",
        *_refusal(),
        "",
        *_stream(place, sentinel, empty, comments=comments, text=text and not end),
        *_events([*drafted_events(read, place, ended=bool(end)), *_bare_end(end)]),
        "",
        *_capabilities(),
        *_authorization(sent, path or ""),
    ]
    return "\n".join(lines) + "\n"


def _bare_name(block: Block) -> str | None:
    """Return the name of an event without data, or with empty data."""
    event = block.event
    if event is None:
        return block.dataless_name if block.complete else None
    return None if event.data.strip() else event.type


def _bare_end(name: str) -> list[DraftedEvent]:
    """Return the event that ends a stream by its name alone, if one does."""
    note = "The last event: it completes a stream, and has no data."
    states = {"open": "complete"}
    return [DraftedEvent(name, bare=True, states=states, notes=[note])] if name else []


def quoted(value: Any) -> str:
    """Return a string, a number or a truth value as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)


def table_of(values: Mapping[str, Any]) -> str:
    """Return an inline table."""
    return (
        "{ " + ", ".join(f"{quoted(key)} = {quoted(each)}" for key, each in values.items()) + " }"
    )


def _dialect(name: str, path: str) -> Iterator[str]:
    yield "# Written from one recorded exchange: check every line, and delete what you do not mean."
    yield "# docs/declared-dialects.md explains the keys; 'dialect check FILE' shows what follows."
    yield "[dialect]"
    yield f"name = {quoted(name)}"
    if not path:
        yield "# The recording does not say the path: this one is assumed. 'dialect new --url URL'"
        yield "# takes it from a URL."
    yield f"path = {quoted(path or ASSUMED_PATH)}"


def _request(sent: SentRequest | None) -> Iterator[str]:
    value = _body_of(sent)
    yield "[request]"
    if not isinstance(value, dict):
        yield '# The recording does not have the request: write its JSON, with "$prompt" in it.'
        yield 'template = \'{"message": "$prompt"}\''
        return
    drafted = drafted_request(value)
    if drafted.invented:
        yield "# No text of the user was found in the request: 'message' was added. Take it away,"
        yield '# and write "$prompt" where the text stands.'
    elif not drafted.certain:
        yield "# Where the text of the user stands was guessed."
    yield f"template = {_literal(drafted.template)}"
    if drafted.item is not None:
        yield f"history_item = {_literal(drafted.item)}"
        yield f"roles = {table_bare(drafted.roles)}"
    if drafted.in_history:
        yield "prompt_in_history = true            # the last item is the prompt"
    if drafted.model:
        yield f"model = {quoted(drafted.model)}"
    if drafted.required:
        yield f"required = {table_of(drafted.required)}"
    yield '# optional = ["/member"]              # may be absent'
    yield '# unknown_members = "ignored"         # or "refused"'


def _literal(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"'{text}'" if "'" not in text else quoted(text)


def table_bare(values: Mapping[str, Any]) -> str:
    """Return an inline table whose keys need no quotation marks."""
    return "{ " + ", ".join(f"{key} = {quoted(each)}" for key, each in values.items()) + " }"


def _refusal() -> Iterator[str]:
    yield "# How an invalid request is refused; record one, and take the marks away."
    yield "# [refusal]"
    yield '# status = [400]                      # or "4xx"'
    yield '# media_type = "application/json"'
    yield '# require = { "/error" = "string" }'


def _stream(
    place: str, sentinel: str, empty: list[str], *, comments: bool, text: bool
) -> Iterator[str]:
    yield "[stream]"
    if place:
        what = "the name of an event" if place == "event" else "a member of each event"
        yield f"kind = {quoted(place):<29}# {what} says what it is"
    if sentinel:
        yield f'sentinel = {{ data = {quoted(sentinel)}, level = "must" }}'
    elif text:
        yield 'complete = "eof"                    # the end of the body is that of the answer'
    names = [f"sse-event:{name}" for name in empty if name != "message"]
    if comments or names:
        yield f"keepalive = {json.dumps([*(['comment'] if comments else []), *names])}"
    yield '# unknown = "red"                     # only declared kinds of events may come'


def _events(drafts: list[DraftedEvent]) -> Iterator[str]:
    for draft in drafts:
        yield ""
        yield from (f"# {note}" for note in draft.notes)
        yield "[[event]]"
        if draft.kind:
            yield f"kind = {quoted(draft.kind)}"
        if draft.bare or draft.plain:
            yield "data = false" if draft.bare else "json = false"
        if draft.when:
            yield f"when = {table_of(draft.when)}"
        yield from _text(draft)
        if draft.require:
            yield f"require = {table_of(draft.require)}"
        if draft.equal:
            yield f'equal = {{ {quoted(draft.equal)} = "joined" }}'
        yield f"states = {table_bare(draft.states)}"


def _text(draft: DraftedEvent) -> Iterator[str]:
    if draft.text is not None:
        yield f"text = {quoted(draft.text)}"
    if draft.unless:
        yield f"text_unless = {table_of(draft.unless)}"
    if draft.optional:
        yield "text_optional = true"
    if draft.replace:
        yield "replace = true                      # each has the whole text so far"


def _capabilities() -> Iterator[str]:
    yield "[capabilities]"
    yield "finite = true"
    yield '# fault = { prompt = "TEXT" }           # a prompt that makes your backend fail'
    yield '# slow = { prompt = "TEXT", silence = 20 }'


def _authorization(sent: SentRequest | None, path: str) -> Iterator[str]:
    for field in _KEY_FIELDS:
        value = sent.first(field) if sent is not None else None
        if value is None:
            continue
        # The key itself stands in no file.
        scheme, space, _ = value.partition(" ")
        yield ""
        yield "[auth]"
        yield f"header = {quoted(field)}"
        if space and scheme.isalpha():
            yield f"prefix = {quoted(scheme + space)}"
        yield 'env = "API_KEY"'
        return
    recorded = sent.target if sent is not None else ""
    for name, _ in secret_parameters(path) or secret_parameters(recorded):
        yield ""
        yield "[auth]"
        yield f"query = {quoted(name)}"
        yield 'env = "API_KEY"'
        return
