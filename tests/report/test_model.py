from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.report.model import ReportError, load_report, report_from_json
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import stream, value

FINDING = Finding("sse.bom", "m", "e", "r", 3)
WHOLE = value({"sse.bom": Outcome.FAIL}, findings={"sse.bom": [(FINDING, stream(0.1))]})

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_report_is_read_back_as_it_was_written() -> None:
    read = report_from_json(WHOLE)
    assert read.verdict == "conformant"
    (failed,) = [entry for entry in read.requirements if entry.failing]
    assert (failed.id, failed.findings[0].offset) == ("sse.bom", 3)
    assert read.exchanges == (stream(0.1),)
    assert read.count()[Outcome.FAIL] == read.count(area="sse")[Outcome.FAIL] == 1


@given(json_values)
def test_no_json_value_is_taken_for_a_report(found: Any) -> None:
    with pytest.raises(ReportError):
        report_from_json(found)


def complaint(found: Any) -> str:
    """Return what is wrong with a report, or an empty string."""
    try:
        report_from_json(found)
    except ReportError as error:
        return str(error)
    return ""


def places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all members and items, a few of each long array."""
    if isinstance(found, dict):
        return [(*path, key) for key in found] + [
            place for key, item in found.items() for place in places(item, (*path, key))
        ]
    if isinstance(found, list):
        return [place for n, item in enumerate(found[:2]) for place in places(item, (*path, n))]
    return []


@given(st.sampled_from(places(WHOLE)), json_values)
def test_a_damaged_report_is_read_or_named_as_damaged(path: tuple[Any, ...], wrong: Any) -> None:
    damaged = copy.deepcopy(WHOLE)
    inside = damaged
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = wrong
    assert "\n" not in complaint(damaged)


@given(st.sampled_from(places(WHOLE)))
def test_a_missing_member_is_named_or_not_needed(path: tuple[Any, ...]) -> None:
    damaged = copy.deepcopy(WHOLE)
    inside = damaged
    for key in path[:-1]:
        inside = inside[key]
    if isinstance(inside, dict):
        del inside[path[-1]]
    assert "\n" not in complaint(damaged)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "not a report"),
        (json.dumps({**WHOLE, "schema": 2}).encode(), "schema 2 is not 1"),
        (json.dumps({**WHOLE, "exchanges": []}).encode(), "names exchange 0, which is missing"),
        (json.dumps({**WHOLE, "exchanges": [{}]}).encode(), "exchange 0"),
        (json.dumps({**WHOLE, "summary": 3}).encode(), "'summary' is not an object"),
    ],
)
def test_a_file_that_is_no_report_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes, shown: str
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(ReportError) as raised:
        load_report(file)
    assert str(file) in str(raised.value)
    assert shown in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="No such file"):
        load_report(tmp_path / "none.json")
    with pytest.raises(ReportError, match="directory"):
        load_report(tmp_path)
