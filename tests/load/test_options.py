from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import pytest
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.errors import LoadUsageError
from streamchat_load.locust_adapter.options import LoadChoices, add_options, read_choices

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:5000"


def choose(*arguments: str, host: str | None = URL) -> LoadChoices:
    """Return what some arguments choose; locust's own options stand in for locust."""
    parser = ArgumentParser()
    parser.add_argument("-u", dest="num_users", type=int)
    parser.add_argument("-t", dest="run_time", type=int)
    add_options(parser)
    return read_choices(parser.parse_args(arguments), host, StreamChatDialect())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--profile", "rampp"), "there is no profile 'rampp'; did you mean 'ramp'?"),
        (("--parameter", "users=0"), "users=0 is out of bounds"),
        (("--parameter", "users"), "not of the form name=value"),
        (("--profile", "open", "-u", "5"), "profile 'open' has no users"),
        (("--profile", "burst", "-t", "5"), "profile 'burst' has no duration_s"),
        (("-u", "5", "--parameter", "users=6"), "users is given twice"),
        (("--threshold", "gap_p99=5"), "there is no metric 'gap_p99'"),
        (("--threshold", "gap_p99_ms=soon"), "is not a number"),
        (("--thresholds", "/nowhere.toml"), "cannot be read"),
        (("--header", "no colon"), "not of the form Name: value"),
        (("--header", "a b: c"), "not of the form Name: value"),
        (("--header", "a: b\r\nc: d"), "not of the form Name: value"),
        (("--stall-limit-s", "0"), "--stall-limit-s must be more than 0"),
        (("--drain-s", "-1"), "--drain-s -1 is not from 0"),
        (("--read-events", "1.5"), "--read-events 1.5 is not a whole number"),
        (("--read-events", "inf"), "--read-events inf is not a whole number"),
        (("--read-events", "nan"), "--read-events nan is not a whole number"),
        (("--server-pid", "4194305"), "--server-pid 4194305: there is no such process"),
        (("--header", "Content-Length: 3"), "is written by the load tests themselves"),
        (("--header", "host: x"), "is written by the load tests themselves"),
        (("--header", "Accept-Encoding: gzip"), "no coding is requested"),
        (("--load-json", "/dev/null/report.json"), "'/dev/null/report.json' cannot be written"),
        (("--load-html", "/"), "the report '/' cannot be written: Is a directory"),
        (("--seed", "-3"), "--seed -3 is not a whole number"),
        (("--ca-file", "/nowhere.pem"), "a CA file is of no use with http"),
    ],
)
def test_an_impossible_request_is_refused_in_one_line(
    arguments: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(LoadUsageError) as raised:
        choose(*arguments)
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("host", ["gopher://127.0.0.1", "127.0.0.1:5000", "http://", "http://[::1"])
def test_a_target_that_is_no_url_is_refused_in_one_line(host: str) -> None:
    with pytest.raises(LoadUsageError, match="target URL") as raised:
        choose(host=host)
    assert "\n" not in str(raised.value)


def test_a_missing_target_is_reported_with_an_example() -> None:
    with pytest.raises(LoadUsageError, match="--host http://127"):
        choose(host=None)


def test_locusts_own_options_stand_for_parameters() -> None:
    choices = choose("--profile", "steady", "-u", "7", "-t", "30")
    plan = choices.settings.plan()
    assert (plan.most_users, plan.duration_s) == (7, 30)


def test_what_is_not_given_has_a_sane_default() -> None:
    choices = choose()
    assert choices.settings.profile == "smoke"
    assert choices.thresholds == {"failed_ratio": 0.0}
    assert choices.settings.seed >= 0
    assert choices.settings.read_events is None


def test_fields_of_the_user_are_kept_in_order() -> None:
    choices = choose("--header", "Authorization: Bearer x", "--header", "X-Y:z")
    assert choices.settings.fields == [["Authorization", "Bearer x"], ["X-Y", "z"]]


def test_trying_whether_a_report_can_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    there = tmp_path / "there.json"
    there.write_text("as it was", "utf-8")
    fresh = tmp_path / "folder" / "fresh.html"
    choose("--load-json", str(there), "--load-html", str(fresh))
    assert there.read_text("utf-8") == "as it was"
    assert not fresh.exists()
