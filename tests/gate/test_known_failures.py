"""The list of known failures: what it says, what is wrong with it, and what it does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.gate.applying import (
    Applied,
    apply_known_failures,
    update_lines,
    updated,
)
from streamchat_conformance.gate.known_failures import (
    KnownFailure,
    KnownFailures,
    load_known_failures,
    parse_known_failures,
)
from streamchat_conformance.gate.writing import PREFACE, as_toml
from streamchat_conformance.judges import rules_of
from streamchat_conformance.suite.config.typed import SettingsError, unknown_id
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result, Results, Verdict

CATALOGUE = rules_of(DEFAULT).catalogue
IDS = sorted(CATALOGUE)
TODAY = date(2026, 6, 15)
MUST_ID, OTHER_ID, SHOULD_ID = "error.media-type", "error.shape", "error.bounded"


def results_with(**outcomes: Outcome) -> Results:
    """Return results where everything passed but ids given as `error__media_type=...`."""
    results = Results()
    for result in results:
        result.outcome = Outcome.PASS
    for name, outcome in outcomes.items():
        id_ = name.replace("__", ".").replace("_", "-")
        results.by_id[id_] = Result(
            CATALOGUE[id_], outcome, findings=[(Finding(id_, f"{id_} is broken"), None)]
        )
    return results


def listing(*entries: KnownFailure, flaky: tuple[KnownFailure, ...] = ()) -> KnownFailures:
    return KnownFailures(
        failures={entry.id: entry for entry in entries},
        flaky={entry.id: entry for entry in flaky},
        today=TODAY,
    )


# -- reading -------------------------------------------------------------------------------


def test_a_list_is_read_with_all_its_members(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text(
        '# ours\n\n[[known-failure]]\nid = "error.shape"\nreason = "old"\n'
        'issue = "https://tracker.example/1"\nexpires = 2027-01-31\n'
        '[[flaky]]\nid = "error.bounded"\nreason = "slow runner"\n',
        "utf-8",
    )
    known = load_known_failures(file, IDS)
    assert known.failures == {
        "error.shape": KnownFailure(
            "error.shape", "old", "https://tracker.example/1", date(2027, 1, 31)
        )
    }
    assert known.flaky == {"error.bounded": KnownFailure("error.bounded", "slow runner")}
    assert known.preface == "# ours"


ONE = '[[known-failure]]\nid = "error.shape"\nreason = "x"\n'

WRONG = [
    ("[[known-failure", ["not TOML"]),
    ("[[known_failure]]", ["'known_failure'", "[[known-failure]]", "[[flaky]]"]),
    ("flaky = 'error.shape'", ["'flaky'", "[[flaky]]"]),
    ('[known-failure]\nid = "error.shape"', ["'known-failure'", "[[known-failure]]"]),
    ('[[known-failure]]\nreason = "x"', ["number 1", "'id'"]),
    ('[[known-failure]]\nid = "error.shape"', ["error.shape", "'reason'"]),
    ('[[known-failure]]\nid = "error.shape"\nreason = " "', ["error.shape", "'reason'"]),
    ('[[known-failure]]\nid = "error.shap"\nreason = "x"', ["'error.shap'", "error.shape"]),
    ('[[flaky]]\nid = "errors.shape"\nreason = "x"', ["'errors.shape'", "error.shape"]),
    (ONE + "expire = 2027-01-01", ["'expire'", "'expires'"]),
    (ONE + 'expires = "2027-01-01"', ["'expires'", "2027-03-31", "without quotes"]),
    (ONE + "expires = 2027-01-01T10:00:00Z", ["'expires'", "2027-03-31"]),
    (ONE + "issue = 17", ["'issue'", "a string", "17"]),
    (ONE + ONE, ["'error.shape'", "twice"]),
    (ONE + '[[flaky]]\nid = "error.shape"\nreason = "y"', ["'error.shape'", "twice"]),
]


@pytest.mark.parametrize(("text", "shown"), WRONG, ids=lambda value: str(value)[-30:])
def test_a_mistake_in_the_list_is_named_with_its_cure(
    tmp_path: Path, text: str, shown: list[str]
) -> None:
    file = tmp_path / "known.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as raised:
        load_known_failures(file, IDS)
    message = str(raised.value)
    assert "\n" not in message
    for part in ["--known-failures", str(file), *shown]:
        assert part in message


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--update-known-failures writes it"):
        load_known_failures(tmp_path / "nonesuch.toml", IDS)


def test_a_list_that_is_to_be_written_may_be_new(tmp_path: Path) -> None:
    known = load_known_failures(tmp_path / "new.toml", IDS, may_be_new=True)
    assert not known.failures
    assert not known.flaky


def test_the_name_without_its_area_finds_the_nearest_id() -> None:
    assert "payload.no-injection" in unknown_id("sse.no-injection", IDS)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text.strip() == text
)
entries = st.builds(
    KnownFailure,
    id=st.sampled_from(IDS),
    reason=texts,
    issue=st.just("") | texts,
    expires=st.none() | st.dates(min_value=date(1000, 1, 1)),
)


@given(st.lists(entries, unique_by=lambda entry: entry.id, max_size=6), st.integers(0, 6))
def test_a_written_list_reads_back_equal(listed: list[KnownFailure], split: int) -> None:
    known = KnownFailures(
        failures={entry.id: entry for entry in listed[:split]},
        flaky={entry.id: entry for entry in listed[split:]},
    )
    again = parse_known_failures(as_toml(known), IDS)
    assert (again.failures, again.flaky, again.preface) == (known.failures, known.flaky, PREFACE)


# -- applying ------------------------------------------------------------------------------


def test_a_listed_failure_does_not_fail_the_run() -> None:
    results = results_with(error__media_type=Outcome.FAIL)
    applied = apply_known_failures(results, listing(KnownFailure(MUST_ID, "html", "#3")))
    assert results.by_id[MUST_ID].outcome is Outcome.KNOWN_FAILURE
    assert results.by_id[MUST_ID].reason == "known: html (#3)"
    assert results.by_id[MUST_ID].findings
    assert results.exit_code() == 0
    assert applied == Applied(known=[MUST_ID])


def test_a_server_with_known_failures_is_still_nonconformant() -> None:
    results = results_with(error__media_type=Outcome.FAIL)
    apply_known_failures(results, listing(KnownFailure(MUST_ID, "html")))
    assert results.verdict() is Verdict.NONCONFORMANT


def test_a_failure_next_to_the_listed_one_fails_the_run() -> None:
    results = results_with(error__media_type=Outcome.FAIL, error__shape=Outcome.FAIL)
    apply_known_failures(results, listing(KnownFailure(MUST_ID, "html")))
    assert results.by_id[OTHER_ID].outcome is Outcome.FAIL
    assert results.exit_code() == 1


@pytest.mark.parametrize("id_", [MUST_ID, SHOULD_ID])
def test_a_listed_requirement_that_passes_fails_the_run(id_: str) -> None:
    results = results_with()
    applied = apply_known_failures(results, listing(KnownFailure(id_, "html")))
    assert results.by_id[id_].outcome is Outcome.UNEXPECTED_PASS
    assert results.exit_code() == 1
    assert results.verdict() is Verdict.CONFORMANT
    assert applied.unexpected == [id_]


@pytest.mark.parametrize("outcome", [Outcome.NOT_RUN, Outcome.NOT_APPLICABLE])
def test_a_listed_requirement_that_was_not_decided_is_only_reported(outcome: Outcome) -> None:
    results = results_with(error__media_type=outcome)
    applied = apply_known_failures(results, listing(KnownFailure(MUST_ID, "html")))
    assert results.by_id[MUST_ID].outcome is outcome
    assert results.exit_code() == 0
    assert applied.undecided == [MUST_ID]


def test_a_fault_of_the_suite_is_not_excused() -> None:
    results = results_with(error__media_type=Outcome.ERROR)
    apply_known_failures(results, listing(KnownFailure(MUST_ID, "html")))
    assert results.exit_code() == 3


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.NOT_APPLICABLE])
def test_an_expired_entry_fails_the_run_and_excuses_nothing(outcome: Outcome) -> None:
    results = results_with(error__bounded=outcome)
    applied = apply_known_failures(
        results, listing(KnownFailure(SHOULD_ID, "later", expires=date(2026, 6, 14)))
    )
    assert results.by_id[SHOULD_ID].outcome is outcome
    assert results.exit_code() == 1
    assert applied.expired == [SHOULD_ID]


def test_an_entry_holds_on_its_last_day() -> None:
    results = results_with(error__media_type=Outcome.FAIL)
    apply_known_failures(results, listing(KnownFailure(MUST_ID, "later", expires=TODAY)))
    assert results.exit_code() == 0


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.PASS, Outcome.NOT_APPLICABLE])
def test_a_flaky_requirement_never_gates(outcome: Outcome) -> None:
    results = results_with(error__media_type=outcome)
    applied = apply_known_failures(results, listing(flaky=(KnownFailure(MUST_ID, "slow"),)))
    assert results.exit_code() == 0
    assert applied.flaky == ([MUST_ID] if outcome is Outcome.FAIL else [])


def test_what_a_known_failure_blocks_is_excused_with_it() -> None:
    results = results_with(error__media_type=Outcome.FAIL, error__shape=Outcome.BLOCKED)
    results.by_id[OTHER_ID].cause = MUST_ID
    apply_known_failures(results, listing(KnownFailure(MUST_ID, "html")))
    assert results.by_id[OTHER_ID].outcome is Outcome.KNOWN_FAILURE
    assert results.by_id[OTHER_ID].reason == f"blocked by {MUST_ID}, known: html"
    assert results.exit_code() == 0


def test_requirements_that_block_each_other_end_the_search() -> None:
    results = results_with(error__media_type=Outcome.BLOCKED, error__shape=Outcome.BLOCKED)
    results.by_id[OTHER_ID].cause, results.by_id[MUST_ID].cause = MUST_ID, OTHER_ID
    apply_known_failures(results, listing())
    assert results.exit_code() == 1


# -- bringing up to date -------------------------------------------------------------------


def test_an_updated_list_takes_in_what_fails_and_keeps_reasons() -> None:
    results = results_with(error__media_type=Outcome.FAIL, error__shape=Outcome.FAIL)
    old = listing(KnownFailure(MUST_ID, "ours", "#3"), KnownFailure("sse.utf8", "fixed since"))
    new = updated(old, results, fail_on="must")
    assert new.failures == {
        MUST_ID: KnownFailure(MUST_ID, "ours", "#3"),
        OTHER_ID: KnownFailure(OTHER_ID, "found 2026-06-15: error.shape is broken"),
    }


def test_an_updated_list_opens_the_gate() -> None:
    results = results_with(
        error__media_type=Outcome.FAIL, error__shape=Outcome.BLOCKED, error__bounded=Outcome.FAIL
    )
    results.by_id[OTHER_ID].cause = MUST_ID
    new = updated(listing(), results, fail_on="should")
    assert set(new.failures) == {MUST_ID, SHOULD_ID}
    apply_known_failures(results, new)
    assert results.exit_code(fail_on="should") == 0


def test_a_should_comes_into_the_list_only_where_it_gates() -> None:
    results = results_with(error__bounded=Outcome.FAIL)
    assert not updated(listing(), results, fail_on="must").failures


def test_flaky_and_undecided_entries_stay_where_they_are() -> None:
    results = results_with(error__media_type=Outcome.FAIL, error__shape=Outcome.NOT_RUN)
    old = listing(KnownFailure(OTHER_ID, "ours"), flaky=(KnownFailure(MUST_ID, "slow"),))
    new = updated(old, results, fail_on="must")
    assert (new.failures, new.flaky) == (old.failures, old.flaky)


def test_secrets_do_not_get_into_the_list() -> None:
    results = results_with(error__media_type=Outcome.FAIL)
    hide = str.maketrans({"k": "*"})
    new = updated(listing(), results, fail_on="must", clean=lambda text: text.translate(hide))
    assert new.failures[MUST_ID].reason.endswith("is bro*en")


def test_what_an_update_wrote_is_reported() -> None:
    results = results_with(error__media_type=Outcome.FAIL, error__shape=Outcome.FAIL)
    old = listing(KnownFailure(MUST_ID, "ours", "#3"), KnownFailure("sse.utf8", "fixed since"))
    new = updated(old, results, fail_on="must")
    assert list(update_lines("known.toml", old, new)) == [
        "written: known.toml (1 added, 1 removed, 1 kept)",
        "added:   error.shape",
        "removed: sse.utf8",
        "kept:    error.media-type",
    ]


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.PASS, Outcome.NOT_RUN])
def test_an_entry_with_the_generated_reason_produces_a_reminder_on_every_run(
    outcome: Outcome,
) -> None:
    broken = results_with(error__media_type=Outcome.FAIL, error__shape=Outcome.FAIL)
    written = updated(listing(KnownFailure(OTHER_ID, "ours")), broken, fail_on="must")
    results = results_with(error__media_type=outcome, error__shape=Outcome.FAIL)
    applied = apply_known_failures(results, written)
    assert applied.unexplained == [MUST_ID]
    (line,) = (line for line in applied.lines() if line.startswith("generated reasons"))
    assert MUST_ID in line
    assert OTHER_ID not in line
