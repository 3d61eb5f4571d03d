"""The HTML report in a real browser: inert, readable, usable by keyboard, on a phone, on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from playwright.sync_api import expect
from streamchat_conformance.catalogue import Level
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.html.report_page import html_report
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from ..plugin.harness import judge
from ..report.reports import report, stream
from .markup_server import PLACES, MarkupServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

LIMIT_MS = 10_000
expect.set_options(timeout=LIMIT_MS)
PHONE = {"width": 390, "height": 844}
Opener: TypeAlias = "Callable[..., Page]"


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Open a file; anything it logs, asks for or pops up fails the test."""
    contexts = []
    complaints: list[str] = []

    def open_(file: Path, fragment: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.add_init_script("window.hits = []; window.owned = (place) => hits.push(place);")
        page = context.new_page()
        page.set_default_timeout(LIMIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("popup", lambda popup: complaints.append(popup.url))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(file.as_uri()) else complaints.append(request.url)
            ),
        )
        page.goto(f"{file.as_uri()}{fragment}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a real run against a server that sends markup in every place."""
    folder = tmp_path_factory.mktemp("hostile")
    file = folder / "report.html"
    with MarkupServer() as server:
        done = judge(
            folder,
            *(
                f"--target-url={server.url}",
                "--thoroughness=quick",
                "--max-requests=100000",
                f"--report-html={file}",
            ),
            *(f"--requirement={area}.*" for area in ("error", "headers", "transport", "sse")),
            "--requirement=payload.*",
            "--observation-limit=3",
        )
    assert done.code == 1, done.out + done.error
    return file


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    """A report with a failure, one that it blocks, a pass, and an exchange."""
    exchange = stream(0.1, 0.2, 3.0, label="a stream with a gap")
    at = exchange.received.index(b"data:")
    finding = Finding("sse.fields", "the PROBLEM", "the EXPECTED", "the RECEIVED", at)
    made = report(
        {"sse.fields": Outcome.FAIL, "sse.data": Outcome.BLOCKED, "sse.bom": Outcome.NOT_RUN},
        findings={"sse.fields": [(finding, exchange)]},
        causes={"sse.data": "sse.fields"},
    )
    file = tmp_path / "report.html"
    file.write_text(html_report(made), encoding="utf-8")
    return file


# -- hostile bytes -----------------------------------------------------------------------


def test_markup_from_every_place_is_shown_and_runs_nowhere(opened: Opener, hostile: Path) -> None:
    page = opened(hostile)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    text = page.locator("main").inner_text()
    missing = [place for place in PLACES if f"owned('{place}')" not in text]
    assert missing == []
    assert page.evaluate("window.hits") == []
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, base, form, link").count() == 0
    assert page.locator("svg:not(.timeline)").count() == 0
    handlers = "[...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())"
    assert [name for name in page.evaluate(handlers) if name.startswith("on")] == []


def test_nothing_that_hides_or_turns_text_is_left_in_it(hostile: Path) -> None:
    document = hostile.read_text("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufeff]", document)


def test_were_markup_ever_let_through_the_policy_would_stop_it(
    browser: Browser, page_file: Path
) -> None:
    document = page_file.read_text("utf-8")
    breach = "<script>hits.push(1)</script><img src=x onerror='hits.push(2)'><p onclick='x'>"
    page_file.write_text(document.replace("the PROBLEM", breach), encoding="utf-8")
    context = browser.new_context()
    try:
        context.add_init_script("window.hits = [];")
        page = context.new_page()
        blocked: list[str] = []
        page.on("console", lambda message: blocked.append(message.text))
        page.goto(page_file.as_uri())
        assert page.locator("img").count() >= 1, "the breach is not in the document"
        assert page.evaluate("window.hits") == []
        assert any("Content Security Policy" in text for text in blocked)
    finally:
        context.close()


# -- use ---------------------------------------------------------------------------------


def visible_ids(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('details.requirement')]"
        ".filter((fold) => fold.checkVisibility()).map((fold) => fold.id)"
    )
    return found


def test_the_verdict_stands_at_the_top_and_failures_come_first(
    opened: Opener, page_file: Path
) -> None:
    page = opened(page_file)
    assert page.get_by_role("heading", level=1).inner_text() == "nonconformant"
    assert visible_ids(page)[:3] == ["sse.fields", "sse.data", "sse.bom"]


def test_filters_leave_what_fits_and_say_how_many(opened: Opener, page_file: Path) -> None:
    page = opened(page_file)
    page.get_by_label("outcome").select_option(label="every failure")
    assert visible_ids(page) == ["sse.fields", "sse.data"]
    assert page.locator("output").inner_text().startswith("2 of ")
    page.get_by_label("outcome").select_option(label="all")
    page.get_by_label("area").select_option("payload")
    page.get_by_label("level").select_option("MAY")
    expected = {
        entry.id
        for entry in rules_of(DEFAULT).catalogue.values()
        if (entry.area, entry.level) == ("payload", Level.MAY)
    }
    assert set(visible_ids(page)) == expected
    page.get_by_label("text").fill("BEYOND the range")
    assert visible_ids(page) == ["payload.history-echo-exact"]
    page.get_by_label("text").fill("no such thing")
    assert page.get_by_text("Nothing matches").is_visible()


def test_everything_is_reached_by_keyboard(opened: Opener, page_file: Path) -> None:
    page = opened(page_file)
    page.keyboard.press("/")
    page.keyboard.type("sse.fields")
    assert visible_ids(page) == ["sse.fields"]
    fold = page.locator("[id='sse.fields']")
    for _ in range(4):
        page.keyboard.press("Tab")
        if fold.locator("> summary").evaluate("(it) => it === document.activeElement"):
            break
    page.keyboard.press("Enter")
    assert fold.get_by_text("the PROBLEM").is_visible()
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert len(visible_ids(page)) > 100


def test_a_link_opens_what_it_points_at_even_if_filtered_away(
    opened: Opener, page_file: Path
) -> None:
    page = opened(page_file, "#sse.data")
    page.get_by_label("text").fill("sse.data")
    page.locator("[id='sse.data']").get_by_role("link", name="sse.fields").first.click()
    assert page.get_by_text("the PROBLEM").is_visible()
    page.get_by_role("link", name="exchange 0").click()
    expect(page.get_by_role("img", name=re.compile("longest silence 2.80 s"))).to_be_in_viewport()


def test_the_offending_bytes_are_marked_as_text_and_as_hex(opened: Opener, page_file: Path) -> None:
    page = opened(page_file, "#exchange-0")
    exchange = page.locator("#exchange-0")
    assert exchange.locator("pre.wire:not(.hex) mark").inner_text().startswith("data:")
    exchange.get_by_text("as hex").last.click()
    marks = exchange.locator("pre.hex mark").all_inner_texts()
    assert marks[:5] == ["64", "61", "74", "61", "3a"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(opened: Opener, page_file: Path, scheme: str) -> None:
    page = opened(page_file, viewport=PHONE, color_scheme=scheme)
    page.get_by_role("button", name="open all").click()
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    counts = page.locator(".scroll:has(.counts)")
    # What is scrolled out of sight is missed: all outcomes fit next to each other.
    assert counts.evaluate("element => element.scrollWidth - element.clientWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_schemes(opened: Opener, page_file: Path, scheme: str) -> None:
    page = opened(page_file, color_scheme=scheme)
    colours = ("ink", "faint", "link", "good", "bad", "warn")
    grounds = ["card"] * 3 + ["good-ground", "bad-ground", "warn-ground"]
    read = "(name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name)"
    for ink, ground in zip(colours, grounds, strict=True):
        first, second = (luminance(page.evaluate(read, name)) for name in (ink, ground))
        light, dark = max(first, second), min(first, second)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rgb` or `#rrggbb` (WCAG 2)."""
    digits = colour.strip().lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_on_paper_what_failed_is_open_and_filters_are_gone(opened: Opener, page_file: Path) -> None:
    page = opened(page_file)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_by_text("the PROBLEM").is_visible()
    assert page.locator("#exchange-0 svg").is_visible()
    assert not page.locator("#filters").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_without_scripts_everything_can_be_read(opened: Opener, page_file: Path) -> None:
    page = opened(page_file, java_script_enabled=False)
    assert not page.locator("#filters").is_visible()
    page.locator("[id='sse.fields'] > summary").click()
    assert page.get_by_text("the PROBLEM").is_visible()
