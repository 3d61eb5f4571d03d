"""Every profile against a sound server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from .harness import LENIENT, LoadResult, assert_adds_up, load, parameters, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness import MockServer


@pytest.fixture(scope="module")
def good() -> Iterator[MockServer]:
    """A server of short, sound streams."""
    with running_server("--events", 8, "--interval", 0.01) as server:
        yield server


PROFILE_RUNS: dict[str, list[str]] = {
    "refusals": parameters(duration_s=1),
    "abandon": parameters(duration_s=1, users=8, abandon_share=0.5),
    "mixed": parameters(duration_s=1.5, users=6, turns=3, think_min_s=0, think_max_s=0.05),
    "staircase": parameters(start_users=1, step_users=2, steps=3, step_s=0.7),
    "reconnect-storm": parameters(duration_s=1.5, users=6, storm_every_s=0.5),
    "slow-reader": parameters(duration_s=1, users=8, slow_share=0.5, read_bytes_per_s=4000),
    "spike": parameters(users=1, spike_users=6, before_s=0.5, spike_s=0.5, after_s=0.5),
    "ramp": parameters(users=6, ramp_s=1, hold_s=0.5),
    "soak": parameters(users=3, duration_s=2),
}
RUNS_AT_ONCE = 3


@pytest.fixture(scope="module")
def profile_runs(
    good: MockServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, LoadResult]:
    """Runs of several profiles, a few at once: much of a run is waiting."""

    # The factory may be used by one thread only: the first call empties its folder.
    folders = {name: tmp_path_factory.mktemp(name) for name in PROFILE_RUNS}

    def run(name: str) -> LoadResult:
        folder = folders[name]
        seed = ("--seed", 4, "--server-pid", good.pid)
        return load(good.url, folder, "--profile", name, *PROFILE_RUNS[name], *seed, *LENIENT)

    with ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        return dict(zip(PROFILE_RUNS, pool.map(run, PROFILE_RUNS), strict=True))


@pytest.mark.parametrize("name", PROFILE_RUNS)
def test_every_profile_adds_up_and_finds_a_sound_server_good(
    profile_runs: dict[str, LoadResult], name: str
) -> None:
    result = profile_runs[name]
    assert result.exit_code == 0, result.output
    assert_adds_up(result)
    assert result.report["profile"] == name


def test_invalid_requests_are_judged_as_refusals(profile_runs: dict[str, LoadResult]) -> None:
    report = profile_runs["refusals"].report
    assert report["outcomes"]["rejected"] > 0
    assert report["times_ms"]["refusal"]["count"] == report["outcomes"]["rejected"]


def test_abandoned_streams_are_cut_at_an_event_and_not_held_against_the_server(
    profile_runs: dict[str, LoadResult],
) -> None:
    outcomes = profile_runs["abandon"].report["outcomes"]
    assert outcomes["abandoned"] > 0
    assert outcomes["verified"] > 0


def test_a_chat_session_grows_turn_by_turn(profile_runs: dict[str, LoadResult]) -> None:
    for turn in range(3):
        said = f"turn {turn}, 0 bytes more: streams of 8 events"
        assert said in profile_runs["mixed"].output


def test_a_server_whose_answers_proved_steady_need_not_prove_it_for_each_shape(
    profile_runs: dict[str, LoadResult],
) -> None:
    turns, together, proofs = 3, 3, 9
    assert profile_runs["mixed"].report["preflight_streams"] <= turns * together + proofs


def test_each_step_of_a_staircase_is_measured_for_itself(
    profile_runs: dict[str, LoadResult],
) -> None:
    report = profile_runs["staircase"].report
    assert [phase["phase"] for phase in report["phases"]] == ["1 users", "3 users", "5 users"]
    assert sum(phase["events"] for phase in report["phases"]) == report["counts"]["events"]
    assert "knee" in report["knee"]


def test_a_storm_drops_all_connections_together(profile_runs: dict[str, LoadResult]) -> None:
    report = profile_runs["reconnect-storm"].report
    assert report["counts"]["connections"] == report["counts"]["started"]
    assert report["outcomes"]["abandoned"] > 0


def test_slow_readers_are_measured_apart(profile_runs: dict[str, LoadResult]) -> None:
    phases = profile_runs["slow-reader"].report["phases"]
    assert {phase["phase"] for phase in phases} == {"all", "slow readers"}


def test_a_soak_reports_drift_and_the_servers_memory(profile_runs: dict[str, LoadResult]) -> None:
    report = profile_runs["soak"].report
    assert len(report["phases"]) == 4
    assert report["metrics"]["first_event_drift_ratio"] > 0
    assert all(row[2] > 1e6 for row in report["resources"]["server"])
