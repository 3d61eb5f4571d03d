"""The page's table of Chat Completions: recorded exchanges that break its requirements."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from streamchat_fixtures.dialects.openai.exchanges import load_exchanges, sound_exchange

from .client_reading import outcome
from .openai_readers import COLUMNS
from .page_parts import heading, row, versions
from .witnesses import replaying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_fixtures.exchanges import ExchangeCase

    from .witnesses import Clients

_PACKAGE: Final = files("streamchat_fixtures.dialects.openai.exchanges")


def lines(clients: Clients) -> Iterator[str]:
    """Yield the lines of the section."""
    yield "\n## Chat Completions"
    yield "\nEach stream is a recorded exchange of the dialect `openai`.\n"
    yield versions(["openai"], ["openai", "@ai-sdk/openai-compatible"])
    yield from heading(COLUMNS)
    for case, like in _streams():
        cells = []
        for client in COLUMNS:
            with replaying(sound_exchange(like)) as url:
                sound = clients.read(client, url, _body(case))
            with replaying(case) as url:
                cells.append(outcome(clients.read(client, url, _body(case)), sound))
        yield row(case.breaks, case.why, cells)


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
