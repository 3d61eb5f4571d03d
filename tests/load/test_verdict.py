from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.errors import LoadUsageError
from streamchat_load.faults import StreamFault
from streamchat_load.metrics.ledger import LoadLedger
from streamchat_load.metrics.summary import RunInfo, metrics
from streamchat_load.verdict.thresholds import KNOWN_METRICS, read_thresholds
from streamchat_load.verdict.verdict import ExitCode, judge

if TYPE_CHECKING:
    from pathlib import Path

UNPROVEN = ("refused", "failed", "abandoned", "open_at_end")
"""Outcomes of requests that prove nothing of what the server sends."""

INFO = RunInfo(
    target="http://127.0.0.1:1/api/stream-chat",
    profile="steady",
    parameters={},
    seed=1,
    processes=1,
    planned_s=10.0,
    started_epoch_s=0.0,
    elapsed_s=10.0,
)


def ledger_of(**outcomes: int) -> LoadLedger:
    ledger = LoadLedger()
    for name, count in outcomes.items():
        ledger.outcomes[name.replace("_", "-")] = count
    ledger.counts["started"] = sum(outcomes.values())
    ledger.phase("all").first_event.record_all([0.1] * ledger.outcomes[StreamOutcome.VERIFIED])
    ledger.phase("all").first_text.record_all([0.3] * ledger.outcomes[StreamOutcome.VERIFIED])
    return ledger


def exit_of(ledger: LoadLedger, **thresholds: float) -> ExitCode:
    return judge(ledger, INFO, {"failed_ratio": 0.0, **thresholds}).exit


def lagging() -> LoadLedger:
    ledger = ledger_of(verified=10)
    ledger.times["generator_lag"].record_all([0.2] * 100)
    return ledger


def broken() -> LoadLedger:
    ledger = lagging()
    ledger.count_fault(StreamFault.CROSSED)
    return ledger


def test_good_streams_within_thresholds_are_good() -> None:
    assert exit_of(ledger_of(verified=10), first_event_p95_ms=200) is ExitCode.GOOD


def test_a_missed_threshold_is_missed() -> None:
    assert exit_of(ledger_of(verified=10), first_event_p95_ms=50) is ExitCode.THRESHOLD


def test_a_threshold_can_name_the_time_to_the_first_text() -> None:
    assert exit_of(ledger_of(verified=10), first_text_p95_ms=350) is ExitCode.GOOD
    verdict = judge(ledger_of(verified=10), INFO, {"first_text_p95_ms": 200.0})
    assert verdict.exit is ExitCode.THRESHOLD
    assert verdict.reasons[0].startswith("first_text_p95_ms: 3")


def test_of_rates_and_good_counts_the_threshold_is_the_least() -> None:
    assert exit_of(ledger_of(verified=10), verified_count=10, streams_per_s=1) is ExitCode.GOOD
    assert exit_of(ledger_of(verified=10), verified_count=11) is ExitCode.THRESHOLD


def test_what_was_not_measured_does_not_meet_a_threshold() -> None:
    assert exit_of(ledger_of(verified=10), refusal_p95_ms=1000) is ExitCode.THRESHOLD


def test_failed_requests_miss_the_default_threshold_and_refused_ones_do_not() -> None:
    assert exit_of(ledger_of(verified=10, failed=1)) is ExitCode.THRESHOLD
    assert exit_of(ledger_of(verified=10, refused=1)) is ExitCode.GOOD
    assert exit_of(ledger_of(verified=10, failed=1), failed_ratio=0.2) is ExitCode.GOOD


def test_streams_that_are_open_at_the_end_are_no_failures() -> None:
    assert exit_of(ledger_of(verified=1, open_at_end=3)) is ExitCode.GOOD


@given(st.dictionaries(st.sampled_from(UNPROVEN), st.integers(0, 9)))
def test_a_run_that_verified_nothing_is_never_good_and_its_reason_is_one_line(
    outcomes: dict[str, int],
) -> None:
    verdict = judge(ledger_of(**outcomes), INFO, {})
    assert verdict.exit is ExitCode.THRESHOLD
    assert verdict.headline == "NOTHING VERIFIED: the run proves nothing"
    assert verdict.reasons == (verdict.unverified,)
    assert verdict.unverified.startswith("no stream was verified (")
    assert "\n" not in verdict.unverified
    assert all(str(count) in verdict.unverified for count in outcomes.values() if count)


def test_refusals_of_invalid_requests_are_verified_too() -> None:
    assert exit_of(ledger_of(rejected=3)) is ExitCode.GOOD


def test_a_generator_that_fell_behind_makes_the_run_invalid_before_any_threshold() -> None:
    assert exit_of(lagging(), first_event_p95_ms=50) is ExitCode.INVALID


def test_a_broken_stream_is_broken_however_busy_the_generator_was() -> None:
    verdict = judge(broken(), INFO, {})
    assert verdict.exit is ExitCode.INTEGRITY
    assert "1 x crossed" in verdict.reasons


def test_arrivals_that_were_not_started_in_time_make_the_run_invalid() -> None:
    ledger = ledger_of(verified=90)
    ledger.counts.update(offered=100, late=4, dropped=0)
    assert exit_of(ledger) is ExitCode.GOOD
    ledger.counts.update(dropped=2)
    assert exit_of(ledger) is ExitCode.INVALID


def test_requests_that_failed_for_want_of_files_of_ones_own_make_the_run_invalid() -> None:
    ledger = ledger_of(verified=90, failed=10)
    ledger.counts["generator_faults"] = 9
    ledger.failures.update({"status 500": 1, "the load generator: too many open files": 9})
    verdict = judge(ledger, INFO, {"failed_ratio": 0.0})
    assert verdict.exit is ExitCode.INVALID
    said = "9 requests failed by a fault of the generator: too many open files"
    assert said in verdict.reasons


def test_missing_workers_make_the_run_invalid() -> None:
    assert judge(ledger_of(verified=1), INFO, {}, missing_workers=1).exit is ExitCode.INVALID


def test_thresholds_of_the_command_line_win_over_the_files(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text("[thresholds]\nfirst_event_p95_ms = 500\ngap_p99_ms = 80.5\n", "utf-8")
    assert read_thresholds(str(file), ["gap_p99_ms=90"]) == {
        "failed_ratio": 0.0,
        "first_event_p95_ms": 500.0,
        "gap_p99_ms": 90.0,
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[thresholds", "are not TOML"),
        ("[other]\n", r"no table \[thresholds\]"),
        ("thresholds = 3\n", r"no table \[thresholds\]"),
        ("[thresholds]\nfirst_event_p95 = 3\n", "did you mean 'first_event_p95_ms'"),
        ("[thresholds]\ngap_p99_ms = 'fast'\n", "is not a number"),
        ("[thresholds]\ngap_p99_ms = true\n", "is not a number"),
        ("[thresholds]\ngap_p99_ms = -1\n", "from 0 up"),
        ("[thresholds]\ngap_p99_ms = inf\n", "from 0 up"),
    ],
)
def test_a_wrong_file_of_thresholds_is_reported_in_one_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LoadUsageError, match=complaint) as raised:
        read_thresholds(str(file), [])
    assert "\n" not in str(raised.value)


def test_a_missing_file_of_thresholds_is_reported() -> None:
    with pytest.raises(LoadUsageError, match="cannot be read"):
        read_thresholds("/nowhere/gate.toml", [])


@given(
    st.dictionaries(
        st.sampled_from([outcome.value for outcome in StreamOutcome]), st.integers(0, 9)
    ),
    st.booleans(),
)
def test_every_figure_can_have_a_threshold(outcomes: dict[str, int], timed: bool) -> None:
    ledger = LoadLedger()
    ledger.outcomes.update(outcomes)
    if timed:
        for histogram in ledger.times.values():
            histogram.record(0.1)
        for name in ("first quarter", "last quarter"):
            ledger.phase(name).first_event.record(0.1)
        ledger.resources["server"] = [[float(second), 0.0, 1e6] for second in range(5)]
    assert set(metrics(ledger, INFO)) <= KNOWN_METRICS


def test_drift_and_growth_are_reported_as_ratios() -> None:
    ledger = LoadLedger()
    ledger.phase("first quarter").first_event.record(0.1)
    ledger.phase("last quarter").first_event.record(0.2)
    ledger.resources["server"] = [[float(second), 0.0, 1e6 + 1e5 * second] for second in range(9)]
    measured = metrics(ledger, INFO)
    assert measured["first_event_drift_ratio"] == pytest.approx(2, rel=0.02)
    assert measured["server_memory_growth_ratio"] == pytest.approx(1.8 / 1.2)
