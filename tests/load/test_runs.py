from __future__ import annotations

import re
import signal
import subprocess
from typing import TYPE_CHECKING

import psutil
import pytest
import trustme

from .harness import (
    LENIENT,
    PATH,
    RUN_LIMIT_S,
    assert_adds_up,
    environment,
    load,
    locust_command,
    master_ports,
    parameters,
    running_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import MockServer


@pytest.fixture(scope="module")
def good() -> Iterator[MockServer]:
    """A server of short, sound streams."""
    with running_server("--events", 8, "--interval", 0.01) as server:
        yield server


@pytest.fixture
def endless() -> Iterator[MockServer]:
    """A server whose streams end only with their connection."""
    with running_server("--events", 0, "--interval", 0.02, "--style", "uniform") as server:
        yield server


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
    preflight = result.report["preflight_streams"]
    assert (
        result.report["outcomes"]["verified"] == after["good"] - before.get("good", 0) - preflight
    )
    assert result.report["outcomes"]["verified"] == result.report["counts"]["started"] > 0
    assert result.report["counts"]["events"] == 8 * result.report["counts"]["started"]
    assert result.report["counts"]["reused"] > 0
    assert "every byte is predictable (8 of 8 events differ)" in result.output
    assert result.output.rstrip().endswith("every threshold is met")
    page = (tmp_path / "r" / "page.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "CPU time of the generator" in page
    assert "generator_cpu_us" not in page
    assert b'failures="0"' in (tmp_path / "junit.xml").read_bytes()


def test_what_the_suites_judges_find_in_a_single_stream_is_reported(tmp_path: Path) -> None:
    with running_server("--events", 3, "--cacheable") as server:
        result = load(server.url, tmp_path, *parameters(duration_s=0.5), *LENIENT)
    assert result.exit_code == 0, result.output
    assert "a single stream breaks headers.cache-control: " in result.output
    assert result.output.count("a single stream breaks ") == 1


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
            if "Shape test updating" in line:
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
    preflight = result.report["preflight_streams"]
    assert result.report["processes"] == 2
    assert result.report["counts"]["started"] == 60
    assert result.report["outcomes"]["verified"] == 60
    assert result.report["counts"]["events"] == 60 * 8
    assert good.counts()["good"] - before.get("good", 0) == 60 + preflight
    assert good.counts()["events"] - before.get("events", 0) == (60 + preflight) * 8
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
    assert result.exit_code == 4, result.output
    assert "no stream was verified (3 still open at the end)" in result.output
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


def test_the_first_command_of_the_docs_verifies_endless_streams_as_far_as_they_are_read(
    endless: MockServer, tmp_path: Path
) -> None:
    result = load(endless.url, tmp_path, "--profile", "smoke", "--preflight-limit-s", 6, *LENIENT)
    assert result.exit_code == 0, result.output
    assert_adds_up(result)
    assert "endless or long streams: each is read for " in result.output
    assert result.report["outcomes"]["verified"] > 0
    read_events = result.report["counts"]["events"] / result.report["counts"]["started"]
    assert read_events > 3


def test_streams_that_take_longer_than_the_run_are_read_to_their_end(tmp_path: Path) -> None:
    with running_server("--events", 12, "--interval", 0.6) as server:
        result = load(server.url, tmp_path, *parameters(duration_s=0.5), *LENIENT)
    assert result.exit_code == 0, result.output
    assert result.report["outcomes"]["verified"] == result.report["counts"]["started"] > 0


def test_the_preflight_says_what_it_does_and_reads_less_of_further_endless_streams(
    endless: MockServer, tmp_path: Path
) -> None:
    result = load(
        endless.url,
        tmp_path,
        *("--profile", "mixed", "--preflight-limit-s", 6, *LENIENT),
        *parameters(duration_s=6, users=3, turns=3, think_min_s=0, think_max_s=0.1),
    )
    lines = [line for line in result.output.splitlines() if ": preflight " in line]
    assert len(lines) == 3, result.output
    assert "preflight 1 of 3 (turn 0, 0 bytes more): reading 3 streams" in lines[0]
    assert result.report["outcomes"]["verified"] > 0


def test_an_empty_event_is_an_event_and_no_text(tmp_path: Path) -> None:
    with running_server("--events", 4, "--style", "empty-first", "--interval", 0.3) as server:
        result = load(
            server.url,
            tmp_path,
            *(*parameters(duration_s=1), "--threshold", "first_text_p50_ms=200", *LENIENT),
        )
    assert result.exit_code == 4, result.output
    assert_adds_up(result)
    metrics = result.report["metrics"]
    assert metrics["first_text_p50_ms"] >= 300 * (1 - 1 / 128)
    assert metrics["first_text_p50_ms"] - metrics["first_event_p50_ms"] >= 200
    assert "first text" in result.output
    assert "first_text_p50_ms: " in result.output


def test_a_killed_worker_does_not_delay_the_end_and_makes_the_run_invalid(
    good: MockServer,
) -> None:
    command = locust_command(
        good.url,
        *("--headless", "--only-summary", "--processes", 2, "--profile", "steady"),
        *parameters(users=4, duration_s=10),
        *(*master_ports(), *LENIENT),
    )
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Sending spawn jobs" in line:
                break
        workers = psutil.Process(process.pid).children()
        workers[0].kill()
        output, _ = process.communicate(timeout=RUN_LIMIT_S)
    assert process.returncode == 5, output
    assert "1 worker did not deliver all figures" in output
    # Without waiting for it the run ends soon after its 10 s.
    length = re.search(r"^([0-9.]+) s of 10\.0 s", output, re.MULTILINE)
    assert length is not None, output
    assert float(length[1]) < 24


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


def test_tls_is_verified_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    authority = trustme.CA()
    chain, ca_file = tmp_path / "server.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(chain)
    authority.cert_pem.write_to_path(ca_file)
    with running_server("--events", 4, "--cert", chain) as server:
        trusting = load(
            server.url, tmp_path, *parameters(duration_s=1), "--ca-file", ca_file, *LENIENT
        )
        strict = load(server.url, tmp_path, *parameters(duration_s=1))
    assert trusting.exit_code == 0, trusting.output
    assert trusting.report["counts"]["reused"] > 0
    assert_adds_up(trusting)
    assert strict.exit_code == 2, strict.output
    assert "cannot be reached: cannot connect: no TLS: CERTIFICATE_VERIFY_FAILED" in strict.output


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
    assert "failed by a fault of the generator: too many open files" in done.stdout
    assert "open-at-end" not in done.stdout
