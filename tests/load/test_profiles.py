from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.errors import LoadUsageError
from streamchat_load.profiles.catalogue import PROFILES, describe_profiles, find_profile
from streamchat_load.profiles.parameters import read_settings
from streamchat_load.profiles.plan import poisson
from streamchat_load.profiles.recorded_arrivals import read_arrivals

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    *("smoke", "steady", "ramp", "staircase", "spike", "soak", "open", "burst", "replay"),
    *("slow-reader", "abandon", "reconnect-storm", "refusals", "mixed"),
)
WEEK_S = 604_800

profiles = st.sampled_from([name for name in NAMES if name != "replay"])


def test_the_profiles_are_those_that_the_docs_name() -> None:
    assert tuple(PROFILES) == NAMES


def test_every_profile_and_parameter_is_listed_with_its_default_and_meaning() -> None:
    text = describe_profiles()
    for profile in PROFILES.values():
        assert f"{profile.name}: {profile.summary}" in text
        for parameter in profile.parameters:
            assert f"{parameter.name}={parameter.default}  {parameter.meaning}" in text


@given(profiles)
def test_every_default_plan_is_bounded_in_time_and_starts_with_a_phase(name: str) -> None:
    plan = find_profile(name).plan({})
    assert 0 < plan.duration_s <= WEEK_S
    starts = [start_s for start_s, _ in plan.phases]
    assert starts[0] == 0
    assert starts == sorted(starts)
    assert (plan.users is None) != (plan.arrivals is None)


@given(profiles, st.floats(0, 1))
def test_there_are_never_more_users_than_the_plan_says(name: str, share: float) -> None:
    plan = find_profile(name).plan({})
    if plan.users is None:
        return
    at_s = plan.duration_s * share
    assert 1 <= plan.users(at_s) <= plan.most_users
    assert plan.users(at_s) <= plan.users_until(at_s) <= plan.most_users
    for number in (0, plan.most_users - 1, plan.most_users):
        assert at_s < plan.turn_s(number, at_s) <= at_s + 1.0 or share == 1


@given(st.integers(1, 99), st.floats(0, 1))
def test_a_user_of_a_ramp_begins_when_its_turn_comes(number: int, share: float) -> None:
    plan = find_profile("ramp").plan({"users": "100", "ramp_s": "4", "hold_s": "1"})
    assert plan.users is not None
    turn_s = (number + 1) / 100 * 4
    at_s = turn_s * share
    while plan.users(at_s) <= number:
        at_s = plan.turn_s(number, at_s)
    assert at_s < max(turn_s, turn_s * share) + 0.03


@given(st.floats(0, 9.99))
def test_a_staircase_rises_step_by_step(at_s: float) -> None:
    plan = find_profile("staircase").plan({"steps": "5", "step_s": "2"})
    assert plan.users is not None
    assert plan.users(at_s) == 10 + 10 * int(at_s / 2)
    assert plan.phase_at(at_s) == f"{plan.users(at_s)} users"


def test_a_spike_is_there_for_its_time_only() -> None:
    plan = find_profile("spike").plan({"before_s": "2", "spike_s": "1", "after_s": "2"})
    assert plan.users is not None
    assert [plan.users(at_s) for at_s in (0, 1.9, 2, 2.9, 3, 5)] == [10, 10, 100, 100, 10, 10]
    assert plan.users_until(4) == 100


@given(st.integers(1, 8), st.integers(0, 100))
def test_arrivals_are_dealt_to_processes_each_to_exactly_one(slots: int, seed: int) -> None:
    plan = find_profile("open").plan({"rate_per_s": "20", "duration_s": "3"})
    assert plan.arrivals is not None
    dealt = [arrival for slot in range(slots) for arrival in plan.dealt(Random(seed), slot, slots)]
    assert sorted(arrival.at_s for arrival in dealt) == [
        arrival.at_s for arrival in plan.arrivals(Random(seed))
    ]


def test_poisson_arrivals_come_at_their_rate_and_as_irregularly_as_they_should() -> None:
    times_s = [arrival.at_s for arrival in poisson(50, 200)(Random(7))]
    assert times_s == sorted(times_s)
    assert 9_500 <= len(times_s) <= 10_500
    gaps_s = [later - earlier for earlier, later in pairwise(times_s)]
    mean_s = sum(gaps_s) / len(gaps_s)
    deviation_s = (sum((gap_s - mean_s) ** 2 for gap_s in gaps_s) / len(gaps_s)) ** 0.5
    assert 0.9 <= deviation_s / mean_s <= 1.1


@pytest.mark.parametrize(
    ("name", "given_", "complaint"),
    [
        ("steady", {"users": "0"}, "users=0 is out of bounds: from 1 to 100000"),
        ("steady", {"users": "1.5"}, "users=1.5 is not a whole number"),
        ("steady", {"users": "many"}, "users='many' is not a number"),
        ("steady", {"duration_s": "nan"}, "duration_s=nan is out of bounds"),
        ("steady", {"duration_s": "1e9"}, "duration_s=1e9 is out of bounds"),
        ("steady", {"user": "3"}, "has no parameter 'user'; did you mean 'users'?"),
        ("abandon", {"abandon_share": "2"}, "abandon_share=2 is out of bounds: from 0 to 1"),
        ("spike", {"users": "9", "spike_users": "3"}, "that is no spike"),
        ("mixed", {"think_min_s": "9", "think_max_s": "1"}, "think_max_s is less"),
        ("replay", {}, "needs a file of arrivals"),
        ("replay", {"file": "/nowhere/at/all"}, "cannot be read: No such file"),
    ],
)
def test_an_impossible_parameter_is_reported_in_one_line(
    name: str, given_: dict[str, str], complaint: str
) -> None:
    with pytest.raises(LoadUsageError) as raised:
        find_profile(name).plan(given_)
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_profile_is_reported_with_the_known_ones() -> None:
    with pytest.raises(LoadUsageError, match=r"did you mean 'steady'.*known: smoke, steady"):
        find_profile("stedy")


@pytest.mark.parametrize("setting", ["users", "=3", "users=", "users= "])
def test_a_setting_without_name_or_value_is_refused(setting: str) -> None:
    with pytest.raises(LoadUsageError, match="not of the form name=value"):
        read_settings([setting], "parameter")


def test_a_setting_is_not_given_twice() -> None:
    with pytest.raises(LoadUsageError, match="given twice"):
        read_settings(["a=1", "a=2"], "parameter")


def test_arrivals_are_read_in_every_form_and_put_in_order(tmp_path: Path) -> None:
    file = tmp_path / "arrivals.txt"
    file.write_text('# recorded\n2\n\n1,300\n{"t": 0.5, "bytes": 7}\n', encoding="utf-8")
    arrivals = read_arrivals(str(file), speed=2.0)
    found = [(arrival.at_s, arrival.pad_bytes) for arrival in arrivals]
    assert found == [(0.25, 7), (0.5, 300), (1.0, 0)]


@pytest.mark.parametrize(
    "line", ["soon", "1,many", "-1", "1,-1", "nan", '{"at": 1}', "{", "1,2,3", "1,99999999999"]
)
def test_a_line_that_is_no_arrival_is_reported_with_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "arrivals.txt"
    file.write_text(f"0\n{line}\n", encoding="utf-8")
    with pytest.raises(LoadUsageError, match=r"arrivals\.txt, line 2: "):
        read_arrivals(str(file), speed=1.0)


def test_a_file_without_arrivals_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "arrivals.txt"
    file.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(LoadUsageError, match="has no arrivals"):
        read_arrivals(str(file), speed=1.0)
