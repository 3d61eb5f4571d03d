"""Correct servers that are odd: what is not predictable about them is no fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .harness import LENIENT, ODD_SERVER, load, parameters, running_server

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {
    # A clock's second passes while the load runs.
    "created": "is predictable",
    "clock": "streams of 6 events; no echo; texts vary",
    "random-ids": "what every event says is predictable (6 of 6 events differ)",
    "moods": "streams of 6 events; no echo; texts vary",
    "lengths": "streams of varying length",
    "pings": "is predictable (6 of 6 events differ)",
    "huge-ids": "is predictable (6 of 6 events differ)",
    "common-counter": "texts vary: lost, repeated or reordered events are not found",
    "few-places": "every byte is predictable (6 of 6 events differ)",
    "torrent": "endless or long streams: each is read for ",
}
"""Oddities, and what can be known of the streams nevertheless."""


@pytest.mark.parametrize("oddity", KNOWN)
def test_a_sound_server_that_is_odd_is_good(oddity: str, tmp_path: Path) -> None:
    with running_server(oddity, script=ODD_SERVER) as server:
        result = load(server.url, tmp_path, *parameters(users=6, duration_s=2.5), *LENIENT)
    assert result.exit_code == 0, result.output
    assert result.report["faults"] == {}
    assert result.report["outcomes"]["verified"] > 0, result.output
    assert KNOWN[oddity] in result.output
    assert "already faulty" not in result.output
    # A server that does not echo need not echo.
    assert "a single stream breaks" not in result.output


def test_no_text_is_expected_where_the_user_says_that_texts_vary(tmp_path: Path) -> None:
    with running_server("echo", script=ODD_SERVER) as server:
        result = load(server.url, tmp_path, *parameters(duration_s=0.5), "--texts-vary", *LENIENT)
    assert result.exit_code == 0, result.output
    assert "events repeat the request; texts vary" in result.output
