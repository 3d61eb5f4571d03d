"""A request, as far as it decides what a right answer is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

MOST_CHOICES = 128
"""The most choices that may be asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks, as far as it decides what a right answer is."""

    choices: int = 1
    tools: bool = False
    custom_tools: bool = False
    """Whether there are tools whose input is free text."""
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
    n, tools = members.get("n"), members.get("tools")
    offered = tools if isinstance(tools, list) else []
    return Wanted(
        choices=n if isinstance(n, int) and 1 <= n <= MOST_CHOICES else 1,
        tools=bool(tools),
        custom_tools=any(
            isinstance(tool, dict) and tool.get("type") == "custom" for tool in offered
        ),
        tool_choice=members.get("tool_choice"),
        stream_options=members.get("stream_options"),
        streams=members.get("stream") is True,
        stops=bool(members.get("stop")),
    )


def as_it_came(wanted: Wanted, values: Iterable[Any]) -> Wanted:
    """Return what may have been asked for where only the answer is known: all that came.

    Choices were asked for if their indexes have no gap and each stands in several chunks: in a
    faulty stream that counts its chunks, each index comes once. `values` are the events' values.
    """
    indexes = Counter(
        choice["index"]
        for value in values
        if isinstance(value, dict) and isinstance(value.get("choices"), list)
        for choice in value["choices"]
        if isinstance(choice, dict) and type(choice.get("index")) is int
    )
    together = sorted(indexes) == list(range(len(indexes))) and min(indexes.values(), default=0) > 1
    choices = min(len(indexes), MOST_CHOICES) if together else 1
    return replace(wanted, choices=choices, custom_tools=True)
