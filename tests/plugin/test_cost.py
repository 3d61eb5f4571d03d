"""What a run really sends, counted by the server that it judges."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamchat_fixtures.control import ControlServer, ControlSettings, Refusal, Turn
from streamchat_fixtures.dialects import DEFAULT, steps_of
from streamchat_fixtures.faults import FAULTS

from .harness import judge

SMOKE_LIMIT_S = 10.0
"""How long the streams of a smoke run may take together."""

Limit = Callable[["Tally"], Refusal | None]


class Tally:
    """What a server has received."""

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self.most_bytes = 0
        self.most_at_once = 0
        self.waits = 0
        """How often it waited between two events."""
        self._open: set[int] = set()
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        return len(self.times_s)

    def head(self) -> None:
        with self._lock:
            self.times_s.append(time.monotonic())

    def body(self, size: int) -> None:
        self.most_bytes = max(self.most_bytes, size)

    def begin(self, turn: Turn) -> None:
        with self._lock:
            self._open.add(id(turn))
            self.most_at_once = max(self.most_at_once, len(self._open))

    def end(self, turn: Turn) -> None:
        with self._lock:
            self._open.discard(id(turn))

    def wait(self) -> None:
        with self._lock:
            self.waits += 1


@contextmanager
def counted(
    *faults: str, events: int = 6, interval_s: float = 0.02, limit: Limit = lambda _: None
) -> Iterator[tuple[str, Tally]]:
    """Serve a control server that counts, and may put off requests; yield its URL and the tally."""
    tally, steps = Tally(), steps_of(DEFAULT)
    read_head, read_body, stream = steps.read_head, steps.read_body, steps.stream
    pace, end_stream = steps.pace, steps.end_stream

    def counted_head(turn: Turn) -> bytes:
        raw = read_head(turn)
        tally.head()
        return raw

    def counted_body(turn: Turn) -> bytes:
        body = read_body(turn)
        tally.body(len(body))
        if refusal := limit(tally):
            raise refusal
        return body

    def counted_stream(turn: Turn) -> None:
        tally.begin(turn)
        try:
            stream(turn)
        finally:
            tally.end(turn)

    def counted_pace(turn: Turn, index: int) -> None:
        tally.wait()
        pace(turn, index)

    def counted_end(turn: Turn) -> None:
        # Before its last bytes: whoever has read them may send the next request immediately.
        tally.end(turn)
        end_stream(turn)

    steps.read_head, steps.read_body, steps.stream = counted_head, counted_body, counted_stream  # type: ignore[method-assign]  # as variants do
    steps.pace, steps.end_stream = counted_pace, counted_end  # type: ignore[method-assign]  # the same
    settings = ControlSettings(events=events, interval_s=interval_s)
    variants = [FAULTS[name] for name in faults]
    with ControlServer(variants, settings=settings, steps=steps) as server:
        yield server.url, tally


def test_a_smoke_run_is_short_and_says_what_it_left_out(tmp_path: Path) -> None:
    interval_s = 0.06
    with counted(events=15, interval_s=interval_s) as (url, tally):
        run = judge(tmp_path, f"--target-url={url}", "--thoroughness=smoke")
    assert run.report is not None
    assert run.code == 0, run.out
    assert 20 <= tally.requests <= 30
    assert tally.most_bytes < 4096
    # What it takes is what it waits for: a busy machine only adds to that.
    assert tally.waits * interval_s <= SMOKE_LIMIT_S
    assert "about 30 requests, at most 30; all below 4 KiB" in run.out
    summary, requests = run.report["summary"], run.report["requests"]
    assert summary["verdict"] == "partial"
    assert "were left out (--thoroughness smoke)" in summary["reason"]
    assert requests["sent"] == tally.requests
    left_out = [entry for entry in run.report["requirements"] if entry["outcome"] == "not-run"]
    assert 40 < len(left_out) < 80
    assert all(entry["reason"] for entry in left_out)
    # The plain stream decides what is judged on every exchange.
    shown = ("sse.data", "headers.media-type", "request.valid-accepted", "stream.incremental")
    assert {run.outcomes[id_] for id_ in shown} == {"pass"}


def test_a_smoke_run_opens_no_streams_side_by_side(tmp_path: Path) -> None:
    # So short that each is read to its end: one that is left goes on for a while.
    with counted(events=3, interval_s=0.01) as (url, tally):
        judge(tmp_path, f"--target-url={url}", "--thoroughness=smoke")
    assert tally.most_at_once == 1


def test_a_quick_run_keeps_to_its_limit(tmp_path: Path) -> None:
    with counted() as (url, tally):
        run = judge(tmp_path, f"--target-url={url}", "--thoroughness=quick")
    assert run.code == 0, run.out
    assert 90 <= tally.requests <= 120
    # The hostile cases of connections are the dearest, and left out.
    assert len(run.with_outcome("not-run")) < 0.4 * len(run.outcomes)


def test_an_estimate_is_what_a_sound_server_gets(tmp_path: Path) -> None:
    with counted() as (url, tally):
        options = ("--thoroughness=quick", "--max-requests=100000")
        run = judge(tmp_path, f"--target-url={url}", *options)
    assert run.report is not None
    expected = run.report["requests"]["expected"]
    assert 0.7 * expected <= tally.requests <= 1.2 * expected
    assert run.with_outcome("not-run") == set()


@pytest.mark.parametrize("fault", ["refusals-are-422", "every-thirtieth-valid-request-fails"])
def test_the_limit_holds_on_a_faulty_server(fault: str, tmp_path: Path) -> None:
    with counted(fault) as (url, tally):
        run = judge(tmp_path, f"--target-url={url}", "--max-requests=50")
    assert tally.requests <= 50
    assert run.code in (0, 1)


def test_a_limit_that_ends_the_preflight_is_one_line(tmp_path: Path) -> None:
    with counted() as (url, tally):
        run = judge(tmp_path, f"--target-url={url}", "--max-requests=5", "--requirement=sse.*")
    assert tally.requests <= 5
    assert run.code == 0
    assert "Traceback" not in run.out


def test_requests_keep_their_distance(tmp_path: Path) -> None:
    with counted(events=2) as (url, tally):
        options = ("--rate=5/s", "--thoroughness=smoke", "--max-requests=12")
        judge(tmp_path, f"--target-url={url}", *options)
    assert tally.requests >= 8
    took_s = tally.times_s[-1] - tally.times_s[0]
    assert took_s >= 0.19 * (tally.requests - 1)


def test_a_finding_counts_though_its_own_case_was_left_out(tmp_path: Path) -> None:
    with counted("refusals-are-422") as (url, _):
        run = judge(tmp_path, f"--target-url={url}", "--thoroughness=smoke")
    assert run.code == 1
    assert run.outcomes["error.status"] == "fail"


def with_pauses(count: int, pause_s: float, *fields: tuple[str, str]) -> Limit:
    """Return a limit of this many requests, and then none for a while, however fast they come."""
    served, refused_until_s = 0, 0.0

    def limit(tally: Tally) -> Refusal | None:
        nonlocal served, refused_until_s
        now_s = tally.times_s[-1]
        if served == count:
            served, refused_until_s = 0, now_s + pause_s
        if now_s < refused_until_s:
            return Refusal(429, "Too many requests", fields=[*fields])
        served += 1
        return None

    return limit


@pytest.mark.parametrize("fields", [(), (("Retry-After", "1"),)])
def test_a_limit_of_requests_is_waited_for_and_not_judged(
    fields: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    with counted(limit=with_pauses(12, 1.0, *fields)) as (url, _):
        options = ("--thoroughness=smoke", "--max-requests=60")
        run = judge(tmp_path, f"--target-url={url}", *options)
    assert run.report is not None
    assert run.code == 0, run.out
    assert run.report["requests"]["put_off"] > 0
    assert "were put off" in run.out


def test_a_limit_makes_no_false_alarm_of_streams_opened_together(tmp_path: Path) -> None:
    limit = with_pauses(3, 0.9, ("Retry-After", "1"))
    with counted(limit=limit) as (url, _):
        run = judge(tmp_path, f"--target-url={url}", "--requirement=resilience.concurrent")
    assert run.outcomes["resilience.concurrent"] in ("pass", "not-applicable"), run.out


def test_a_server_that_puts_off_everything_cannot_be_tested(tmp_path: Path) -> None:
    def limit(_: Tally) -> Refusal:
        return Refusal(429, "Quota exceeded", fields=[("retry-after-ms", "10")])

    with counted(limit=limit) as (url, tally):
        run = judge(tmp_path, f"--target-url={url}", "--max-requests=5")
    assert tally.requests <= 5
    assert run.code == 6
    assert "--rate" in run.out
    assert "429" in run.out
