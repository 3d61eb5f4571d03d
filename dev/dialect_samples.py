"""What a new dialect has next to its modules: texts, and recorded exchanges of its requirements."""

from __future__ import annotations

import json

from dev.checkout import LEFT_OPEN

_TOKEN = 'event: token\ndata: {"t": "Hello"}\n\n'
_DONE = 'event: done\ndata: {"tokens": 1}\n\n'
_END = "data: [END]\n\n"

EXCHANGES = '''\
"""Recorded exchanges of {name}; `exchanges.derived` says how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamchat_fixtures.dialects.{name}.steps import STEPS
from streamchat_fixtures.exchanges.derived import DerivedExchanges, ExchangeForm

if TYPE_CHECKING:
    from streamchat_fixtures.exchanges import ExchangeCase

__all__ = ["load_exchanges", "sound_exchange"]

_EXCHANGES: Final = DerivedExchanges(__name__, ExchangeForm(path=STEPS.path))

sound_exchange = _EXCHANGES.sound


def load_exchanges() -> list[ExchangeCase]:
    """Return all cases, by name. Raises ValueError, naming the file, when one is malformed."""
    return _EXCHANGES.load()
'''

_SOUND: dict[str, object] = {
    "stream": {
        "sent": {"ask": "Hello", "turns": []},
        "events": [],
        "closing": _TOKEN + _DONE + _END,
    },
    "refusal": {
        "sent": {"turns": []},
        "status": 400,
        "json": {"problem": {"message": "ask is a text, and turns is a list"}},
    },
}

# For each requirement: what breaks it, in what way the sound stream is changed, and what clears it.
_CASES: dict[str, tuple[str, dict[str, object], str, str]] = {
    "ask": (
        "A request whose ask is null is served.",
        {"sent": {"ask": None}},
        "A request without an ask is refused.",
        "refusal",
    ),
    "done": (
        "The stream ends without its mark.",
        {"closing": _TOKEN + _DONE},
        "The stream ends with its mark.",
        "stream",
    ),
    "count": (
        "One token too many is counted.",
        {"closing": _TOKEN + _DONE.replace("1", "2") + _END},
        "The tokens are counted.",
        "stream",
    ),
}


def texts(name: str) -> str:
    """Return the file of texts: why each requirement matters, and how to fix a server."""
    tables = [
        f'["{name}.{row}"]\n'
        f'why = "{LEFT_OPEN}: what happens to people when a server breaks it."\n'
        f'fix = "{LEFT_OPEN}: what the author of the server changes."\n'
        'frameworks = ["event-format"]\n'
        for row in _CASES
    ]
    return f"# Why the requirements of {name} matter, and how to fix a server.\n\n" + "\n".join(
        tables
    )


def exchanges(name: str) -> dict[str, str]:
    """Return the files of recorded exchanges: one breaks each requirement, one clears it."""
    found = {"__init__.py": EXCHANGES.format(name=name)}
    found |= {f"sound/{like}.json": _document(value) for like, value in _SOUND.items()}
    for row, (broken, change, cleared, like) in _CASES.items():
        id_ = f"{name}.{row}"
        breaks = {"why": broken, "breaks": [id_], "like": "stream", "changes": [change]}
        clears = {"why": cleared, "clears": [id_], "like": like}
        found[f"{id_}.json"] = _document([{"name": "breaks"} | breaks, {"name": "clears"} | clears])
    return found


def _document(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
