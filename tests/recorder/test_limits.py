from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest
from streamchat_conformance.recorder import Limits


@pytest.mark.parametrize("name", [limit.name for limit in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "5", None, True])
def test_a_limit_that_is_no_number_above_zero_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        replace(Limits(), **{name: value})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("name", ["recording_bytes", "recording_reads"])
def test_amounts_are_whole_numbers(name: str) -> None:
    with pytest.raises(ValueError, match="a whole number above 0"):
        replace(Limits(), **{name: 1.5})  # type: ignore[arg-type]  # wrong on purpose


def test_a_limit_is_reported_with_its_value() -> None:
    limits = Limits(head_s=0.25, total_s=60, recording_bytes=10_000_000)
    assert limits.named("head_s") == "head_s=0.25"
    assert limits.named("total_s") == "total_s=60"
    assert limits.named("recording_bytes") == "recording_bytes=10000000"
