from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.report.html.bytes_view import (
    HEX_START_BYTES,
    as_hex,
    as_text,
    marked_spans,
    windows,
)
from streamchat_conformance.report.html.documents import PAGES, shown
from streamchat_conformance.report.html.report_page import html_report
from streamchat_conformance.report.html.timeline import course_of, timeline
from streamchat_conformance.report.visible import visible
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import report, stream

any_text = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "--></title>", "\ud83d", "\x00"]
)


class Reader(HTMLParser):
    """Collects the elements, attributes and text of a document."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


@given(any_text)
def test_any_text_is_shown_and_does_nothing(text: str) -> None:
    read = Reader(f"<p>{shown(text)}</p>")
    assert [name for name, _ in read.elements] == ["p"]
    assert read.text == visible(text)


@given(any_text)
def test_any_text_in_an_attribute_stays_inside(text: str) -> None:
    template = PAGES.environment.from_string('<p title="{{ text }}">{{ text }}</p>')
    read = Reader(template.render(text=text))
    assert read.elements == [("p", {"title": visible(text)})]
    assert read.text == visible(text)


@given(any_text)
def test_visible_text_can_be_written_and_misleads_nobody(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert all(character.isprintable() or character in "\n\t" for character in shown)


def test_only_web_addresses_become_links() -> None:
    template = PAGES.environment.from_string(
        '{% from "parts.html" import link %}{{ link(url, "x") }}'
    )
    assert template.render(url="javascript:alert(1)") == "x"
    assert 'href="https://example.org/"' in template.render(url="https://example.org/")


@given(st.binary(max_size=6000), st.lists(st.integers(0, 7000), max_size=12))
def test_bytes_are_shown_marked_and_in_bounds(data: bytes, offsets: list[int]) -> None:
    spans = marked_spans(data, offsets)
    assert all(0 <= start <= end <= len(data) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    for view in (as_text(data, offsets), as_hex(data, offsets), as_text(data, offsets, around=9)):
        assert {name for name, _ in Reader(view).elements} <= {"pre", "mark", "span"}


@given(st.binary(min_size=1, max_size=HEX_START_BYTES))
def test_a_short_hex_dump_has_every_byte(data: bytes) -> None:
    rows = Reader(as_hex(data)).text.splitlines()
    assert bytes.fromhex("".join(row[8:55] for row in rows)) == data


@given(st.binary(min_size=1, max_size=3000), st.data())
def test_the_byte_at_an_offset_is_marked(data: bytes, draw: st.DataObject) -> None:
    offset = draw.draw(st.integers(0, len(data) - 1))
    (marked,) = [re.findall(r"<mark>(..)</mark>", as_hex(data, [offset]))]
    assert marked[0] == f"{data[offset]:02x}"


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 10_000)),
    *(st.integers(0, 600) for _ in range(3)),
)
def test_windows_are_apart_and_hold_what_was_asked(
    size: int, offsets: list[int], start: int, around: int, end: int
) -> None:
    inside = [offset for offset in offsets if offset < size]
    found = windows(size, inside, start=start, around=around, end=end)
    assert all(0 <= low < high <= size for low, high in found)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))
    if around:
        assert all(any(low <= at < high for low, high in found) for at in inside)


exchanges = st.builds(
    Exchange,
    request=st.binary(max_size=40),
    reads=st.lists(
        st.builds(Read, st.floats(0, 1e4), st.binary(max_size=60) | st.just(stream(1).received)),
        max_size=8,
    ).map(lambda reads: tuple(sorted(reads, key=lambda read: read.at_s))),
    ending=st.sampled_from(Ending),
    ended_at_s=st.floats(0, 1e4),
    sent_at_s=st.floats(0, 1e4),
)


@given(exchanges)
def test_any_exchange_has_a_picture_inside_its_frame(exchange: Exchange) -> None:
    course = course_of(exchange)
    picture = timeline(course)
    for name, attributes in Reader(picture).elements:
        if name == "rect":
            x, width = float(attributes["x"] or 0), float(attributes["width"] or 0)
            assert 0 <= x <= x + width <= 960
    assert exchange.ending.value in course.sentence()


def test_a_gap_and_a_burst_are_named() -> None:
    gap = course_of(stream(0.1, 0.2, 3.2, 3.3))
    assert "longest silence 3.00 s, from 200 ms" in gap.sentence()
    assert "3.00 s without a byte" in timeline(gap)
    burst = course_of(stream(1.0, 1.001, 1.002, 1.003))
    assert "4 events at once at 1.00 s" in burst.sentence()
    assert "4 at once" in timeline(burst)
    even = course_of(stream(0.1, 0.2, 0.3, 0.4, 0.5))
    assert "at once" not in timeline(even) + even.sentence()
    assert "without a byte" not in timeline(even)


def test_many_marks_in_one_place_are_drawn_as_one() -> None:
    picture = timeline(course_of(stream(*(n / 100_000 for n in range(1, 5000)))))
    assert len(Reader(picture).elements) < 4000


def test_everything_a_person_needs_stands_in_the_report() -> None:
    exchange = stream(0.1, 0.2, label="the third stream")
    at = exchange.received.index(b"data:")
    finding = Finding("sse.fields", "the PROBLEM", "the EXPECTED", "the RECEIVED", at)
    document = html_report(
        report(
            {"sse.fields": Outcome.FAIL, "sse.data": Outcome.BLOCKED},
            findings={"sse.fields": [(finding, exchange)]},
            causes={"sse.data": "sse.fields"},
        )
    )
    read = Reader(document)
    for text in (
        *("nonconformant", "http://127.0.0.1:1/api/stream-chat (test)", "echo detected"),
        *("the PROBLEM", "the EXPECTED", "the RECEIVED", "curl -isN", "the third stream"),
        *("Every line is blank, a comment,", "Clients ignore fields that they do not know"),
        *("Lemonade", "FastAPI / Starlette", "Blocks 1: sse.data", "Blocked by sse.fields"),
    ):
        assert text in read.text
    links = [attributes.get("href") or "" for name, attributes in read.elements if name == "a"]
    assert any("#event-stream-interpretation" in url for url in links)
    assert "https://github.com/lemonade-sdk/lemonade/issues/2826" in links
    ids = {attributes.get("id") for _, attributes in read.elements}
    assert all(url[1:] in ids for url in links if url.startswith("#"))


def test_nothing_is_fetched_and_only_own_scripts_may_run() -> None:
    read = Reader(html_report(report()))
    assert not {name for name, _ in read.elements} & {"link", "img", "iframe", "object", "base"}
    assert not [1 for _, attributes in read.elements if "style" in attributes]
    assert not [key for _, each in read.elements for key in each if key.startswith("on")]
    assert not [1 for name, each in read.elements if name == "script" and "src" in each]
    (policy,) = [
        each["content"] for _, each in read.elements if "Policy" in (each.get("http-equiv") or "")
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
