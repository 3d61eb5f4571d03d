"""Capabilities: what not every conforming server can show.

Every dialect has the `COMMON` ones. `ECHO` and `AUTH` are for the dialects that name them, and a
dialect declares others of its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a server may lack; a requirement may need it."""

    name: str
    """The word of `--capability`, of target files and of reports."""
    title: str
    """What a server that has it does, as the end of a sentence."""
    absent: str
    """Why it is taken to be absent where the user says nothing about it."""

    def __str__(self) -> str:
        return self.name


ECHO = Capability("echo", "repeats the request in its events", "events do not repeat the request")
"""Detected, from the first event of a plain request."""

FINITE = Capability("finite", "ends its streams", "no stream ended by itself while it was watched")
"""Detected, from a plain request."""

SLOW = Capability(
    "slow",
    "is silent before the first event when asked with a certain request",
    "no request that makes the server silent was given ([slow])",
)
"""Declared only: the user gives the request."""

FAULT = Capability(
    "fault",
    "fails in mid-stream when asked with a certain request",
    "no request that makes the backend fail was given ([fault])",
)
"""Declared only: the user gives the request."""

AUTH = Capability("auth", "serves nobody without credentials", "it was not declared")
"""Declared, or detected by the dialect."""

COMMON = (FINITE, SLOW, FAULT)
"""What servers of every dialect may show."""
