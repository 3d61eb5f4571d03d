"""Servers that break one stream in every N under load: each fault is found and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .harness import LENIENT, load, parameters, running_server

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "lost": "lost",
    "lost-tail": "truncated",
    "duplicated": "duplicated",
    "crossed": "crossed",
    "reordered": "reordered",
    "truncated": "truncated",
    "cut-event": "truncated",
    "stalled": "stall",
    "framing": "framing",
    "surplus": "framing",
    "utf8": "utf8",
    "error-event": "error-event",
    "not-json": "payload",
    "altered": "altered",
    "malformed-line": "framing",
    "media-type": "head",
}
"""What the server does, and what the report must call it."""

EVERY = 100
STREAMS = EVERY * (len(NAMES) + 2) + 50


def test_every_kind_of_fault_in_one_of_a_hundred_streams_is_found_and_named(
    tmp_path: Path,
) -> None:
    with running_server("--events", 8, "--fault", "each", "--every", EVERY) as server:
        result = load(
            server.url,
            tmp_path,
            *("--profile", "burst", *LENIENT),
            *parameters(burst_size=50, bursts=STREAMS // 50, period_s=0.1),
            *("--stall-limit-s", 3, "--drain-s", 30, "--threshold", "failed_ratio=0.01"),
        )
        counts = server.counts()
    assert result.exit_code == 3, result.output
    expected: dict[str, int] = {}
    for kind, name in NAMES.items():
        assert counts[kind] >= 1, kind
        expected[name] = expected.get(name, 0) + counts[kind]
    assert result.report["faults"] == expected
    outcomes = result.report["outcomes"]
    assert result.report["counts"]["started"] == STREAMS
    assert outcomes["faulty"] == sum(expected.values())
    assert outcomes["failed"] == counts["status-500"] == 1
    assert outcomes["refused"] == counts["busy"] == 1
    assert outcomes["verified"] == STREAMS - outcomes["faulty"] - 2
    assert {found["fault"] for found in result.report["evidence"]} == set(expected)
    assert all(found["nonce"] for found in result.report["evidence"])


def test_fifty_thousand_events_in_small_and_large_reads_give_no_false_alarm(
    tmp_path: Path,
) -> None:
    with running_server("--events", 500, "--batch", 7, "--style", "typewriter") as server:
        result = load(
            server.url,
            tmp_path,
            *("--profile", "burst", *parameters(burst_size=10, bursts=10, period_s=0.1)),
            *("--drain-s", 40, *LENIENT),
        )
        counts = server.counts()
    assert result.report["faults"] == {}, result.output
    assert result.report["outcomes"]["verified"] == 100
    assert result.report["counts"]["events"] == 50_000
    assert counts["events"] == 50_000 + result.report["preflight_streams"] * 500
