"""One user of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from streamchat_load.client.connection import StreamConnection


@dataclass(slots=True)
class VirtualUser:
    """A user: its number in the whole run, its random numbers, its connection."""

    number: int
    rng: Random
    connection: StreamConnection | None = None
    turn: int = 0
    slow: bool = False
