from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.faults import StreamFault
from streamchat_load.metrics.ledger import PHASE_TIMES, TIMES
from streamchat_load.profiles.catalogue import PROFILES
from streamchat_load.verdict.thresholds import MINIMA, read_thresholds
from streamchat_load.verdict.verdict import ExitCode

pytestmark = pytest.mark.guard

DOCS = Path(__file__).parent.parent.parent / "docs" / "load-testing.md"
TEXT = DOCS.read_text("utf-8")


def rows() -> dict[str, list[str]]:
    """Return the rows of all tables by their first cell."""
    found = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| ")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in found}


def test_every_profile_is_documented_with_its_parameters_and_defaults() -> None:
    for profile in PROFILES.values():
        documented = re.findall(r"(\w+) \(([^)]*)\)", rows()[profile.name][1])
        assert documented == [
            (
                parameter.name,
                f"{parameter.default:g}"
                if isinstance(parameter.default, float | int)
                else "required",
            )
            for parameter in profile.parameters
        ]


def test_every_fault_is_documented() -> None:
    assert {fault.value for fault in StreamFault} <= set(rows())


def test_every_exit_code_is_documented() -> None:
    assert {str(int(code)) for code in ExitCode} <= set(rows())


def test_every_time_and_outcome_that_a_threshold_can_name_is_documented() -> None:
    for name in (*TIMES, *PHASE_TIMES, *MINIMA, *(outcome.value for outcome in StreamOutcome)):
        assert f"`{name.replace('-', '_')}`" in TEXT or f"`{name.rpartition('_')[0]}`" in TEXT


def test_the_thresholds_of_the_docs_are_good_ones(tmp_path: Path) -> None:
    table = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert table is not None
    file = tmp_path / "gate.toml"
    file.write_text(table[1], "utf-8")
    assert len(read_thresholds(str(file), [])) == 5
