"""The corpus of event streams, the suite's parser and Chromium's EventSource: all three agree.

Where Chromium does not, see `chromium_deviations`. How long it waits before it comes back is judged
by what load cannot spoil: that it does not come earlier than the stream says, and that it comes at
all, where it would stay away for ten minutes if it had not obeyed the stream. A time that is too
long by less than a minute is not seen.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from sampling import examples
from streamchat_conformance.core.eventstream import EventStreamParser
from streamchat_fixtures.event_streams import EventStreamCase, load_event_streams

from ..core.eventstream_strategies import (
    cut_streams,
    eventful_streams,
    noisy_streams,
    repetitive_streams,
)
from . import event_source
from .chromium_deviations import (
    BOM,
    HUGE_RETRY,
    LOST_EVENTS,
    PAUSES_MS,
    as_chromium_reads,
)
from .event_source import EventSources, Seen, Shown, Witnessed, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser

CASES = load_event_streams()
TYPES = {event.type for case in CASES for event in case.events}
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

MOST_READS = 500
"""A long stream is not read byte by byte, but in this many pieces."""
AWAY_MS = 600_000
"""A time after which no test sees Chromium come back."""
EARLY_MS = 2000
"""A time that is longer than any that a stream of the corpus does not set."""


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[EventSources]:
    with opened(browser) as sources:
        yield sources


def read_by_parser(pieces: Sequence[bytes], *, keep_lines: bool = False) -> list[Seen]:
    parser = EventStreamParser(keep_lines=keep_lines)
    events = [event[:3] for piece in pieces for event in parser.receive(piece)]
    parser.close()
    return events


def expected_events(case: EventStreamCase) -> list[Seen]:
    return [(event.type, event.data, event.last_event_id) for event in case.events]


def disagreements(expected: Sequence[Seen], **readers: Sequence[Seen]) -> list[str]:
    """Return where readers saw other events than expected, or more, or fewer."""
    shown = []
    for name, events in readers.items():
        shown += [
            f"{name}, event {index}: {seen!a} and not {wanted!a}"
            for index, (seen, wanted) in enumerate(zip(events, expected, strict=False))
            if seen != wanted
        ]
        if len(events) != len(expected):
            shown.append(f"{name}: {len(events)} events and not {len(expected)}: {events!a}")
    return shown


# The corpus.


def whole(case: EventStreamCase) -> tuple[bytes, ...]:
    return (case.body,)


def in_its_pieces(case: EventStreamCase) -> tuple[bytes, ...]:
    return case.pieces


def byte_by_byte(case: EventStreamCase) -> tuple[bytes, ...]:
    step = -(-len(case.body) // MOST_READS) or 1
    return tuple(case.body[start : start + step] for start in range(0, len(case.body), step))


CUTS = [whole, in_its_pieces, byte_by_byte]


@pytest.fixture(scope="module")
def read_by_chromium(chromium: EventSources) -> dict[tuple[str, str], list[Seen]]:
    """What Chromium made of each case, by the case's name and the cut's."""
    shown = {
        (case.name, cut.__name__): Shown(cut(case), awaited=True) for cut in CUTS for case in CASES
    }
    witnessed = chromium.watch(list(shown.values()), TYPES)
    return {key: each.events for key, each in zip(shown, witnessed, strict=True)}


@every_case
@pytest.mark.parametrize("cut", CUTS)
def test_chromium_and_the_parser_see_the_events_that_the_case_expects(
    case: EventStreamCase,
    cut: Callable[[EventStreamCase], tuple[bytes, ...]],
    read_by_chromium: dict[tuple[str, str], list[Seen]],
) -> None:
    expected = expected_events(case)
    pieces = cut(case)
    parsers = {
        "parser": read_by_parser(pieces),
        "parser keeping lines": read_by_parser(pieces, keep_lines=True),
    }
    assert disagreements(expected, **parsers) == []
    seen = read_by_chromium[case.name, cut.__name__]
    if case.name in LOST_EVENTS:
        assert seen != expected, "Chromium no longer deviates: take the case out of LOST_EVENTS"
        expected = read_by_parser([as_chromium_reads(case.body)])
    assert disagreements(expected, chromium=seen) == []


# Coming back.


@dataclasses.dataclass(frozen=True)
class Return:
    """How a client is to come back after a case."""

    stream: bytes
    wait_ms: int
    last_event_id: str

    @classmethod
    def after(cls, case: EventStreamCase) -> Return:
        """Put a block before the case's stream that sets a time.

        Not before a mark, which must come first. No such case sets a time, and the browser's own
        holds after it.
        """
        if case.body.startswith(BOM[:1]):
            return cls(case.body, 0, case.last_event_id)
        before_ms = EARLY_MS if case.retry_ms is None else AWAY_MS
        wait_ms = before_ms if case.retry_ms is None else case.retry_ms
        return cls(b"retry: %d\n\n" % before_ms + case.body, wait_ms, case.last_event_id)

    def complaints(self, witnessed: Witnessed) -> list[str]:
        """Return in what Chromium came back otherwise."""
        if witnessed.pause_s is None:
            return [f"Chromium did not come back, though it should after {self.wait_ms} ms"]
        shown = []
        if witnessed.pause_s * 1000 < self.wait_ms:
            shown.append(f"Chromium came after {witnessed.pause_s} s and not {self.wait_ms} ms")
        # Spaces and tabs around a header's value are no part of it (RFC 9110 section 5.5).
        wanted = self.last_event_id.encode().strip(b" \t") if self.last_event_id else None
        if witnessed.requests[1].last_event_id != wanted:
            shown.append(f"Chromium sent {witnessed.requests[1]} and not Last-Event-ID {wanted!r}")
        return shown


@pytest.fixture(scope="module")
def returns(chromium: EventSources) -> dict[str, Witnessed]:
    """How Chromium came back after each case, by the case's name."""
    shown = [Shown((Return.after(case).stream,), reconnects=True) for case in CASES]
    witnessed = chromium.watch(shown, TYPES)
    return {case.name: each for case, each in zip(CASES, witnessed, strict=True)}


@every_case
def test_chromium_comes_back_when_the_case_says_and_with_the_id_that_it_expects(
    case: EventStreamCase, returns: dict[str, Witnessed]
) -> None:
    expected = Return.after(case)
    assert returns[case.name].requests[0].last_event_id is None
    if case.name in PAUSES_MS:
        assert returns[case.name].pause_s is not None, (
            "Chromium no longer deviates: take the case out of PAUSES_MS"
        )
        expected = dataclasses.replace(expected, wait_ms=PAUSES_MS[case.name])
    assert expected.complaints(returns[case.name]) == []


@every_case
def test_the_parser_has_the_time_and_the_id_that_chromium_comes_back_with(
    case: EventStreamCase,
) -> None:
    expected = Return.after(case)
    parser = EventStreamParser()
    parser.receive(expected.stream)
    parser.close()
    assert (parser.retry_ms or 0, parser.last_event_id) == (expected.wait_ms, case.last_event_id)


def test_chromium_ignores_a_reconnection_time_beyond_64_bits(chromium: EventSources) -> None:
    # A deviation: the standard would have it stay away.
    stream = b"retry: 1\n\nretry: %d\n\n" % HUGE_RETRY
    [witnessed] = chromium.watch([Shown((stream,), reconnects=True)])
    assert witnessed.pause_s is not None, "Chromium no longer deviates: drop HUGE_RETRY"


# Any stream.


def assert_read_alike(
    chromium: EventSources, cut: tuple[bytes, list[bytes]], *, fault: Callable[[bytes], bytes]
) -> None:
    stream, reads = cut
    [witnessed] = chromium.watch([Shown(tuple(reads), awaited=len(reads) <= MOST_READS)])
    parsed = read_by_parser([fault(as_chromium_reads(stream))])
    assert disagreements(witnessed.events, parser=parsed) == []


any_stream = noisy_streams | eventful_streams()


def as_it_is(stream: bytes) -> bytes:
    return stream


@given(cut=cut_streams(any_stream))
@settings(max_examples=examples(120), deadline=None)
def test_chromium_and_the_parser_read_any_stream_alike(
    chromium: EventSources, cut: tuple[bytes, list[bytes]]
) -> None:
    assert_read_alike(chromium, cut, fault=as_it_is)


@given(stream=repetitive_streams())
@settings(max_examples=examples(60), deadline=None)
def test_chromium_and_the_parser_read_streams_as_servers_send_them_alike(
    chromium: EventSources, stream: bytes
) -> None:
    assert_read_alike(chromium, (stream, [stream]), fault=as_it_is)


# All of this can fail.


def without_nul(stream: bytes) -> bytes:
    return stream.replace(b"\0", b"")


def without_marks(stream: bytes) -> bytes:
    return stream.replace(BOM, b"")


def with_lf_only(stream: bytes) -> bytes:
    return stream.replace(b"\r\n", b"\n").replace(b"\r", b" ")


def with_a_blank_line_at_the_end(stream: bytes) -> bytes:
    return stream + b"\n\n"


def with_ill_formed_bytes_dropped(stream: bytes) -> bytes:
    return stream.decode("utf-8", "ignore").encode()


FAULTS = [
    without_nul,
    without_marks,
    with_lf_only,
    with_a_blank_line_at_the_end,
    with_ill_formed_bytes_dropped,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_parser_that_reads_otherwise_is_found_among_as_many_streams(
    chromium: EventSources, fault: Callable[[bytes], bytes]
) -> None:
    # What a faulty parser makes of a stream is what the right one makes of another.
    @given(cut=cut_streams(any_stream))
    @settings(
        max_examples=120,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    def read_alike(cut: tuple[bytes, list[bytes]]) -> None:
        assert_read_alike(chromium, cut, fault=fault)

    with pytest.raises(AssertionError, match="parser"):
        read_alike()


def altered(events: Sequence[Seen]) -> Iterator[list[Seen]]:
    """Alter events in one thing, in every way but which event it is."""
    if events:
        *others, (type_, data, last_event_id) = events
        yield [*others, (type_ + "x", data, last_event_id)]
        yield [*others, (type_, data + "\0", last_event_id)]
        yield [*others, (type_, data, last_event_id + " ")]
        yield others
        yield [*others, *others, events[-1], events[-1]]
    yield [*events, ("message", "", "")]


@every_case
def test_an_expectation_that_is_wrong_in_one_thing_is_reported_of_all_readers(
    case: EventStreamCase, read_by_chromium: dict[tuple[str, str], list[Seen]]
) -> None:
    parsed = read_by_parser([case.body])
    seen = read_by_chromium[case.name, "whole"]
    for wrong in altered(expected_events(case)):
        shown = disagreements(wrong, chromium=seen, parser=parsed)
        assert {line.split(",")[0].split(":")[0] for line in shown} == {"chromium", "parser"}


def test_chromium_reads_what_the_server_sent_and_nothing_else(chromium: EventSources) -> None:
    [witnessed] = chromium.watch([Shown((b"data:  a\n\n",))])
    assert disagreements(read_by_parser([b"data: a\n\n"]), chromium=witnessed.events) == [
        "chromium, event 0: ('message', ' a', '') and not ('message', 'a', '')"
    ]


def test_an_event_of_a_type_not_foreseen_is_noticed(
    chromium: EventSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_source, "types_in", lambda _: set())
    with pytest.raises(AssertionError, match="of a type that nothing listened for"):
        chromium.watch([Shown((b"event: unforeseen\ndata: a\n\n",))])


def test_a_wrong_time_and_a_wrong_id_are_reported(chromium: EventSources) -> None:
    [witnessed] = chromium.watch([Shown((b"retry: 1\nid: 7\n\n",), reconnects=True)])
    comeback = functools.partial(Return, b"")
    assert comeback(1, "7").complaints(witnessed) == []
    assert len(comeback(AWAY_MS, "7").complaints(witnessed)) == 1
    assert len(comeback(1, "8").complaints(witnessed)) == 1
    assert len(comeback(1, "").complaints(witnessed)) == 1
    never = dataclasses.replace(witnessed, pause_s=None)
    assert len(comeback(1, "7").complaints(never)) == 1
