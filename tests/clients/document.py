"""`python -m tests.clients.document`: print docs/clients.md, made of what the clients do."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from streamchat_fixtures.dialects.openai.exchanges import load_exchanges, sound_exchange

from .witnesses import COLUMNS, MODULES, Clients, has_node, outcome, replaying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_fixtures.exchanges import ExchangeCase

_PACKAGE: Final = files("streamchat_fixtures.dialects.openai.exchanges")
_INTRODUCTION: Final = """\
# What official clients do with broken streams

This page is generated: `python -m tests.clients.document`. Each row is a recorded exchange of the
dialect `openai` that breaks requirements; unchanged clients from PyPI and npm read it from a
socket, and the cells show how what they made of it differs from what they make of the sound stream
that it was changed from. *fine*: it does not differ. *no finish*, *no usage*: that part is lost and
nothing was raised. The AI SDK's error parts count as thrown.
"""


def _streams() -> Iterator[tuple[ExchangeCase, str]]:
    """Yield the faulty streams, each with the name of the sound one that it is made from."""
    like: dict[str, str] = {}
    for file in _PACKAGE.iterdir():
        if file.name.endswith(".json"):
            for case in json.loads(file.read_text(encoding="utf-8")):
                like[f"{file.name.removesuffix('.json')}-{case['name']}"] = case["like"]
    for case in load_exchanges():
        head = case.received.partition(b"\r\n\r\n")[0]
        streamed = b" 200 " in head and b"text/event-stream" in head
        if case.breaks and streamed and _body(case).get("stream") is True:
            yield case, like[case.name]


def _body(case: ExchangeCase) -> dict[str, Any]:
    body = json.loads(case.sent.partition(b"\r\n\r\n")[2])
    return body if isinstance(body, dict) else {}


def _versions() -> str:
    found = [f"openai {version('openai')} (PyPI)"]
    for name in ("openai", "@ai-sdk/openai-compatible"):
        text = (MODULES / name / "package.json").read_text(encoding="utf-8")
        found.append(f"{name} {json.loads(text)['version']} (npm)")
    return ", ".join(found)


def lines() -> Iterator[str]:
    """Yield the lines of the page."""
    yield from _INTRODUCTION.splitlines()
    yield f"\nVersions: {_versions()}.\n"
    yield f"| breaks | stream | {' | '.join(COLUMNS.values())} |"
    yield "|---|---|" + "---|" * len(COLUMNS)
    clients = Clients()
    try:
        for case, like in _streams():
            cells = []
            for client in COLUMNS:
                with replaying(sound_exchange(like)) as url:
                    sound = clients.read(client, url, _body(case))
                with replaying(case) as url:
                    cells.append(outcome(clients.read(client, url, _body(case)), sound))
            shown = " | ".join(cell.replace("|", "\\|") for cell in cells)
            breaks = ", ".join(f"`{id_}`" for id_ in case.breaks)
            yield f"| {breaks} | {case.why} | {shown} |"
    finally:
        clients.close()


if __name__ == "__main__":
    if not has_node():
        sys.exit(f"error: node is missing, or the packages are not in {MODULES}")
    for line in lines():
        print(line, flush=True)
