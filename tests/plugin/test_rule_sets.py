"""A gate with a frozen rule set, from the outside."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Judge

NEW_MUST = """\
from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges.judge import judge


@judge("headers.brand-new", MUST, "Every stream has an X-Brand-New field.", source="practice")
def brand_new(reading):
    return [Nonconformity("it has none")] if reading.is_stream else None
"""
"""A plugin that makes the suite a later version, which has one MUST more."""


def test_a_gate_with_a_frozen_set_stays_green_when_a_new_must_is_broken(
    run: Judge, control: str, tmp_path: Path
) -> None:
    (tmp_path / "new_must.py").write_text(NEW_MUST, "utf-8")
    options = (
        *("-p", "new_must", f"--target-url={control}", "--requirement=headers.brand-new"),
        *("--requirement=headers.charset", f"--report-badge={tmp_path / 'badge.json'}"),
    )
    env = {"PYTHONPATH": str(tmp_path)}
    before = run(*options, env=env)
    assert (before.code, before.outcomes["headers.brand-new"]) == (1, "fail")
    frozen = run(*options, "--rules=2026.1", "--fail-on=should", env=env)
    assert frozen.code == 0, frozen.out + frozen.error
    entry = frozen.entry("headers.brand-new")
    assert (entry["outcome"], entry["level"]) == ("fail", "MAY")
    assert entry["level_change"]["declared"] == "MUST"
    assert entry["level_change"]["newer"] is True
    assert "headers.brand-new (MUST, not gating: newer than rule set 2026.1)" in frozen.out
    assert "rules         2026.1" in frozen.out
    assert frozen.report is not None
    assert frozen.report["rules"]["set"] == "2026.1"
    badge = json.loads((tmp_path / "badge.json").read_text("utf-8"))
    assert "rules 2026.1" in badge["message"]
    assert badge["isError"] is False


def test_a_set_that_does_not_exist_is_one_line(run: Judge) -> None:
    done = run("--target-url=http://127.0.0.1:9", "--rules=2026.100")
    assert done.code == 4
    assert "--rules: rule set '2026.100' is unknown; did you mean '2026.1'?" in done.error
