"""A line says what is being waited for, and how long that may take."""

from __future__ import annotations

import queue
from collections.abc import Generator
from typing import Any, cast

import pytest
from streamchat_conformance.plugin.waiting import WaitingNotes

LIMIT_S = 30.0


def running(notes: WaitingNotes, name: str) -> Generator[None, object, object]:
    """Begin a case, as pytest does."""
    hook = notes.pytest_runtest_call(cast("Any", name))
    next(hook)
    return hook


def test_a_long_case_is_named_with_what_it_may_take_and_a_short_one_is_not() -> None:
    said: queue.Queue[str] = queue.Queue()
    notes = WaitingNotes(said.put, str, lambda: 42.0, first_s=0.01, again_s=0.01)
    case = running(notes, "stream.gap")
    for _ in range(2):
        line = said.get(timeout=LIMIT_S)
        assert line.startswith("waiting       stream.gap: ")
        assert line.endswith(" at most 42 s")
    with pytest.raises(StopIteration):
        case.send(None)
    patient = WaitingNotes(said.put, str, lambda: 42.0, first_s=LIMIT_S)
    case = running(patient, "sse.data")
    with pytest.raises(StopIteration):
        case.send(None)
    while not said.empty():
        assert "sse.data" not in said.get()
