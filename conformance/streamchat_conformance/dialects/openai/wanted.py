"""A request, as far as it decides what a right answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_CHOICES = 128
"""The most choices that may be asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks, as far as it decides what a right answer is."""

    choices: int = 1
    tools: bool = False
    tool_choice: Any = None
    stream_options: Any = None
    streams: bool = True
    stops: bool = False
    """Whether there are stop sequences: a text that begins with one is empty."""

    @property
    def usage(self) -> bool:
        """Whether usage was asked for."""
        options = self.stream_options
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def continuous_usage(self) -> bool:
        """Whether usage on each chunk was asked for."""
        options = self.stream_options
        return isinstance(options, dict) and bool(options.get("continuous_usage_stats"))


def wanted_of(members: Mapping[str, Any]) -> Wanted:
    """Return what a request's members ask for."""
    n = members.get("n")
    return Wanted(
        choices=n if isinstance(n, int) and 1 <= n <= MOST_CHOICES else 1,
        tools=bool(members.get("tools")),
        tool_choice=members.get("tool_choice"),
        stream_options=members.get("stream_options"),
        streams=members.get("stream") is True,
        stops=bool(members.get("stop")),
    )
