"""The page's tables of recorded exchanges that break requirements of a dialect."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from .client_reading import outcome
from .page_parts import heading, row
from .witnesses import COLUMNS, replaying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_fixtures.exchanges import ExchangeCase

    from .witnesses import Clients

_HOME: Final = "streamchat_fixtures.dialects"


@dataclass(frozen=True)
class RecordedRow:
    """What each client made of one recorded exchange."""

    case: ExchangeCase
    cells: dict[str, str]


def rows(clients: Clients, dialect: str) -> Iterator[RecordedRow]:
    """Yield what the clients make of each recorded stream that breaks requirements."""
    package: Any = importlib.import_module(f"{_HOME}.{dialect}.exchanges")
    like = _sound_names(f"{_HOME}.{dialect}.exchanges")
    for case in package.load_exchanges():
        if not _is_faulty_stream(case):
            continue
        body = _body(case)
        cells = {}
        for client in COLUMNS[dialect]:
            with replaying(package.sound_exchange(like[case.name])) as url:
                sound = clients.read(client, url, body)
            with replaying(case) as url:
                cells[client] = outcome(clients.read(client, url, body), sound)
        yield RecordedRow(case, cells)


def table(found: list[RecordedRow], dialect: str) -> Iterator[str]:
    """Yield the lines of a table."""
    yield from heading(COLUMNS[dialect])
    for each in found:
        yield row(each.case.breaks, each.case.why, each.cells.values())


def _sound_names(package: str) -> dict[str, str]:
    """Return by the name of an exchange the name of the sound one that it is made from."""
    like: dict[str, str] = {}
    for file in files(package).iterdir():
        if file.name.endswith(".json"):
            for case in json.loads(file.read_text(encoding="utf-8")):
                like[f"{file.name.removesuffix('.json')}-{case['name']}"] = case["like"]
    return like


def _is_faulty_stream(case: ExchangeCase) -> bool:
    head = case.received.partition(b"\r\n\r\n")[0]
    streamed = b" 200 " in head and b"text/event-stream" in head
    return bool(case.breaks) and streamed and _body(case).get("stream") is True


def _body(case: ExchangeCase) -> dict[str, Any]:
    body = json.loads(case.sent.partition(b"\r\n\r\n")[2])
    return body if isinstance(body, dict) else {}
