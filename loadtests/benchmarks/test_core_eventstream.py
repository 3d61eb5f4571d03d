"""Speed of the event-stream parser compared with others: `pytest loadtests/benchmarks`.

Each benchmark reports MB/s of CPU time in its extra info. `eventstream_ratio.py` measures
all parsers in turn and prints how many times faster ours is, which is what to quote.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from .eventstream_ratio import (  # noqa: TID252 (benchmarks are no package to import from)
    PARSERS,
    READ_SIZES,
    SHAPES,
    measure,
)

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

MEASURED_SHAPES = (
    "data only",
    "id, event, data",
    "id, event, data; CRLF",
    "comment before each",
    "long data",
    "several data lines",
)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("size", READ_SIZES)
@pytest.mark.parametrize("shape", MEASURED_SHAPES)
def test_reading_an_event_stream(
    benchmark: BenchmarkFixture, shape: str, size: str, parser: str
) -> None:
    """Time one parser on one shape of stream, cut into reads of one size."""
    benchmark.group = f"{shape}, reads of {size}"
    reads = SHAPES[shape].reads(size)
    rounds = 5
    start_s = time.process_time()
    count = benchmark.pedantic(  # type: ignore[no-untyped-call]  # it has no annotations
        PARSERS[parser], args=[reads], rounds=rounds, iterations=1, warmup_rounds=0
    )
    taken_s = (time.process_time() - start_s) / rounds
    benchmark.extra_info["MB/s"] = round(sum(map(len, reads)) / taken_s / 1e6, 1)
    assert count == len(SHAPES[shape].events())


@pytest.mark.parametrize("size", READ_SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_ours_is_never_slower_than_others(shape: str, size: str) -> None:
    """By CPU time, taken in turn, so that other work on the machine affects all of them."""
    taken_s = measure(SHAPES[shape].reads(size), 9, ["ours", "httpx-sse", "sseclient-py"])
    assert taken_s["ours"] <= taken_s["httpx-sse"]
    assert taken_s["ours"] <= taken_s["sseclient-py"]
