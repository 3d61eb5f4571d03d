"""The page that compares load tools says what was measured."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.guard

BENCHMARKS = Path(__file__).parents[2] / "loadtests" / "benchmarks"


def test_the_comparison_of_load_tools_is_what_its_results_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    script = importlib.import_module("load_comparison")
    results = json.loads(script.RESULTS.read_text("utf-8"))
    assert script.PAGE.read_text("utf-8") == script.render(results)
