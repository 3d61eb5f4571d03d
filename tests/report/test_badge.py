from __future__ import annotations

import json
from typing import Any

from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.badge import badge
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import report

MUST = sum(entry.level == "MUST" for entry in rules_of(DEFAULT).catalogue.values())


def made(*arguments: Any, **options: Any) -> dict[str, Any]:
    value = json.loads(badge(report(*arguments, **options)))
    assert value["schemaVersion"] == 1
    assert value["label"]
    return dict(value)


def test_a_conformant_server_has_a_green_badge_with_counts() -> None:
    value = made()
    assert (value["message"], value["color"]) == (f"{MUST}/{MUST} MUST", "brightgreen")
    assert value["isError"] is False


def test_a_failure_makes_it_red_and_is_counted() -> None:
    value = made({"sse.fields": Outcome.FAIL, "sse.data": Outcome.BLOCKED})
    assert (value["message"], value["color"]) == (f"{MUST - 2}/{MUST} MUST", "red")


def test_a_known_failure_is_no_pass() -> None:
    value = made({"sse.fields": Outcome.KNOWN_FAILURE})
    assert (value["message"], value["color"]) == (f"{MUST - 1}/{MUST} MUST", "red")


def test_what_is_not_applicable_is_not_counted_as_passed() -> None:
    value = made({"stream.fault-visible": Outcome.NOT_APPLICABLE})
    assert (value["message"], value["color"]) == (f"{MUST - 1}/{MUST - 1} MUST", "brightgreen")


def test_a_run_of_a_part_is_not_green() -> None:
    assert made({"sse.fields": Outcome.NOT_RUN})["color"] == "yellow"


def test_a_target_that_could_not_be_tested_has_no_counts() -> None:
    value = made(default=Outcome.NOT_RUN, not_testable="refused")
    assert (value["message"], value["color"]) == ("not-testable", "lightgrey")
