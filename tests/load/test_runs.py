from __future__ import annotations

import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import trustme

from .harness import (
    LENIENT,
    RUN_LIMIT_S,
    LoadResult,
    environment,
    load,
    locust_command,
    parameters,
    running_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import MockServer

PATH = "/api/stream-chat"


@pytest.fixture(scope="module")
def good() -> Iterator[MockServer]:
    """A server of short, sound streams."""
    with running_server("--events", 8, "--interval", 0.01) as server:
        yield server


@pytest.fixture
def endless() -> Iterator[MockServer]:
    """A server whose streams end only with their connection."""
    with running_server("--events", 0, "--interval", 0.02, "--style", "alike") as server:
        yield server


def assert_adds_up(result: LoadResult) -> None:
    """Every started request has one outcome, every gap lies between two events."""
    report = result.report
    assert sum(report["outcomes"].values()) == report["counts"]["started"]
    streams = report["counts"].get("streams_with_events", 0)
    assert report["times_ms"]["gap"]["count"] == report["counts"]["events"] - streams
    assert report["times_ms"]["first_event"]["count"] == streams
    assert result.locust_rows[PATH]["num_requests"] == report["counts"]["started"]
    assert result.locust_rows[f"{PATH} first event"]["num_requests"] == streams
    assert set(result.locust_rows) == {PATH, f"{PATH} first event"}


def test_a_sound_server_is_good_and_every_stream_is_counted(
    good: MockServer, tmp_path: Path
) -> None:
    before = good.counts()
    result = load(
        good.url,
        tmp_path,
        *("--profile", "smoke", *parameters(duration_s=1), *LENIENT),
        *("--load-html", tmp_path / "r" / "page.html", "--load-junit", tmp_path / "junit.xml"),
    )
    assert result.exit_code == 0, result.output
    assert_adds_up(result)
    after = good.counts()
    survey = result.report["surveyed_streams"]
    assert result.report["outcomes"]["verified"] == after["good"] - before.get("good", 0) - survey
    assert result.report["outcomes"]["verified"] == result.report["counts"]["started"] > 0
    assert result.report["counts"]["events"] == 8 * result.report["counts"]["started"]
    assert result.report["counts"]["reused"] > 0
    assert "every byte is foretold (8 of 8 events differ)" in result.output
    assert result.output.rstrip().endswith("every threshold is met")
    assert (tmp_path / "r" / "page.html").read_text("utf-8").startswith("<!doctype html>")
    assert b'failures="0"' in (tmp_path / "junit.xml").read_bytes()


def test_what_the_suites_judges_say_of_a_lone_stream_is_told(tmp_path: Path) -> None:
    with running_server("--events", 3, "--cacheable") as server:
        result = load(server.url, tmp_path, *parameters(duration_s=0.5), *LENIENT)
    assert result.exit_code == 0, result.output
    assert "a lone stream breaks headers.cache-control: " in result.output
    assert result.output.count("a lone stream breaks ") == 1


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_has_its_table_and_its_verdict(
    good: MockServer, signal_: signal.Signals
) -> None:
    command = locust_command(
        good.url, "--headless", "--only-summary", *parameters(duration_s=300), *LENIENT
    )
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "All users spawned" in line:
                break
        process.send_signal(signal_)
        output, _ = process.communicate(timeout=RUN_LIMIT_S)
    # A run of an instant may have had no stream.
    assert process.returncode in {0, 4}, output
    assert "verdict: " in output


def test_a_missed_threshold_is_exit_code_4(good: MockServer, tmp_path: Path) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text("[thresholds]\nwhole_p50_ms = 1\n", "utf-8")
    result = load(good.url, tmp_path, *parameters(duration_s=1), "--thresholds", gate, *LENIENT)
    assert result.exit_code == 4, result.output
    assert "whole_p50_ms" in result.output


def test_a_generator_that_cannot_keep_up_is_exit_code_5(good: MockServer, tmp_path: Path) -> None:
    options = ("--generator-lag-limit-ms", "0.0001", "--threshold", "whole_p50_ms=1")
    result = load(good.url, tmp_path, *parameters(duration_s=1), *options)
    assert result.exit_code == 5, result.output
    assert "the generator fell behind" in result.output


def test_counts_of_several_processes_are_exactly_the_servers(
    good: MockServer, tmp_path: Path
) -> None:
    before = good.counts()
    result = load(
        good.url,
        tmp_path,
        *("--processes", 2, "--profile", "burst", *LENIENT),
        *parameters(burst_size=20, bursts=3, period_s=1),
        *("--drain-s", 20),
    )
    assert result.exit_code in {0, 5}, result.output
    assert_adds_up(result)
    survey = result.report["surveyed_streams"]
    assert result.report["processes"] == 2
    assert result.report["counts"]["started"] == 60
    assert result.report["outcomes"]["verified"] == 60
    assert result.report["counts"]["events"] == 60 * 8
    assert good.counts()["good"] - before.get("good", 0) == 60 + survey
    assert good.counts()["events"] - before.get("events", 0) == (60 + survey) * 8
    workers = [name for name in result.report["resources"] if name.startswith("generator")]
    assert len(workers) == 2


def test_streams_that_are_open_when_the_time_is_over_are_counted_as_such(
    tmp_path: Path,
) -> None:
    with running_server("--events", 12, "--interval", 0.1) as server:
        result = load(
            server.url,
            tmp_path,
            *(*parameters(duration_s=1, users=3), "--drain-s", 0, *LENIENT),
        )
    assert result.exit_code == 0, result.output
    assert_adds_up(result)
    assert result.report["outcomes"]["open-at-end"] == 3
    assert result.report["outcomes"]["verified"] == 0
    assert result.locust_rows[PATH]["num_failures"] == 0


def test_endless_streams_are_read_for_as_many_events_as_asked(
    endless: MockServer, tmp_path: Path
) -> None:
    result = load(endless.url, tmp_path, *parameters(duration_s=1), "--read-events", 4, *LENIENT)
    assert result.exit_code == 0, result.output
    assert_adds_up(result)
    assert "endless or long streams: each is read for 4 events" in result.output
    assert result.report["counts"]["events"] >= 4 * result.report["outcomes"]["verified"] > 0


def test_latency_counts_from_the_instant_a_request_was_due(tmp_path: Path) -> None:
    with running_server("--events", 3, "--first-delay", 0.2) as server:
        result = load(
            server.url,
            tmp_path,
            *("--profile", "open", *parameters(rate_per_s=20, duration_s=1), *LENIENT),
        )
    assert result.exit_code in {0, 5}, result.output
    assert_adds_up(result)
    assert result.report["counts"]["offered"] == result.report["counts"]["started"]
    assert result.report["times_ms"]["first_event"]["p50"] >= 200 * (1 - 1 / 128)
    assert result.report["metrics"]["start_lag_p50_ms"] >= 0


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

    def run(name: str) -> LoadResult:
        folder = tmp_path_factory.mktemp(name)
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
        told = f"turn {turn}, 0 bytes more: streams of 8 events"
        assert told in profile_runs["mixed"].output


def test_a_server_whose_answers_proved_steady_need_not_prove_it_for_each_shape(
    profile_runs: dict[str, LoadResult],
) -> None:
    turns, together, proofs = 3, 3, 9
    assert profile_runs["mixed"].report["surveyed_streams"] <= turns * together + proofs


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


def test_a_soak_tells_drift_and_the_servers_memory(profile_runs: dict[str, LoadResult]) -> None:
    report = profile_runs["soak"].report
    assert len(report["phases"]) == 4
    assert report["metrics"]["first_event_drift_ratio"] > 0
    assert all(row[2] > 1e6 for row in report["resources"]["server"])


def test_tls_is_verified_unless_told_otherwise(tmp_path: Path) -> None:
    authority = trustme.CA()
    chain, ca_file = tmp_path / "server.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(chain)
    authority.cert_pem.write_to_path(ca_file)
    with running_server("--events", 4, "--cert", chain) as server:
        trusting = load(
            server.url, tmp_path, *parameters(duration_s=1), "--ca-file", ca_file, *LENIENT
        )
        wary = load(server.url, tmp_path, *parameters(duration_s=1))
    assert trusting.exit_code == 0, trusting.output
    assert trusting.report["counts"]["reused"] > 0
    assert_adds_up(trusting)
    assert wary.exit_code == 2, wary.output
    assert "cannot be reached: cannot connect: no TLS: CERTIFICATE_VERIFY_FAILED" in wary.output


def test_a_server_that_closes_idle_connections_costs_no_failure(tmp_path: Path) -> None:
    with running_server("--events", 3, "--close-after", 2) as server:
        result = load(server.url, tmp_path, *parameters(duration_s=1), *LENIENT)
    assert result.exit_code == 0, result.output
    assert_adds_up(result)
    assert result.report["outcomes"]["failed"] == 0


def test_a_want_of_files_of_the_generators_own_is_not_the_servers_fault(tmp_path: Path) -> None:
    with running_server("--events", 3, "--interval", 0.2) as server:
        command = locust_command(
            server.url,
            *("--headless", "--only-summary", "--profile", "burst", *LENIENT),
            *parameters(burst_size=120, bursts=1, period_s=1),
        )
        limited = ["sh", "-c", 'ulimit -n 60 && exec "$@"', "sh", *command]
        done = subprocess.run(
            limited,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_LIMIT_S,
            check=False,
            env=environment(),
            cwd=tmp_path,
        )
    assert done.returncode == 5, done.stdout
    assert "failed by the generator's own fault: too many open files" in done.stdout
    assert "open-at-end" not in done.stdout
