"""The chat page in a real browser."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ..reference.harness import post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Request

    from ..reference.harness import RunningServer

LIMIT_MS = 10_000
expect.set_options(timeout=LIMIT_MS)


class Chat:
    """The page, with what it logs; any error in its console fails the test."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        page.set_default_timeout(LIMIT_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._on_console)
        page.on("request", self._on_request)
        page.goto(url)

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)

    def _on_console(self, message: object) -> None:
        text = str(getattr(message, "text", message))
        # The browser itself logs refusals; those are what some tests are about.
        if getattr(message, "type", "") == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def ask(self, prompt: str) -> None:
        self.page.get_by_label("Prompt").fill(prompt)
        self.page.get_by_role("button", name="Send").click()

    @property
    def answers(self) -> Locator:
        return self.page.locator(".message.assistant")

    def sent(self) -> list[dict[str, object]]:
        posts = [request for request in self.requests if request.method == "POST"]
        return [json.loads(request.post_data or "") for request in posts]


@pytest.fixture(scope="module")
def parser(browser: Browser, typewriter: RunningServer) -> Iterator[Page]:
    """A page whose stream reader alone is tried."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(typewriter.url)
    yield page
    context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 420, "height": 740})
    yield context.new_page()
    context.close()


@pytest.fixture
def chat(page: Page, typewriter: RunningServer) -> Iterator[Chat]:
    opened = Chat(page, typewriter.url)
    yield opened
    assert opened.complaints == []


def test_an_answer_is_typed_out_as_it_streams(chat: Chat) -> None:
    chat.ask("Hello. " * 28)
    expect(chat.answers).to_have_attribute("aria-busy", "true")
    expect(chat.answers).to_have_text(re.compile(r"^You wrote"))
    early = chat.answers.inner_text()
    assert "what I am given." not in early
    expect(chat.answers).to_have_text(re.compile(r"what I am given\.$"))
    expect(chat.answers).not_to_have_attribute("aria-busy", "true")
    assert chat.answers.inner_text().startswith(early)


def test_the_history_grows_with_the_talk(chat: Chat) -> None:
    chat.ask("One")
    expect(chat.page.get_by_role("button", name="Send")).to_be_visible()
    expect(chat.answers).to_have_text(re.compile(r"given\.$"))
    chat.ask("Two")
    expect(chat.answers).to_have_count(2)
    expect(chat.answers.nth(1)).to_have_text(re.compile(r"before that 2 messages.*given\.$"))
    first, second = chat.sent()
    assert first == {"prompt": "One", "history": []}
    assert second == {
        "prompt": "Two",
        "history": [
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": chat.answers.nth(0).inner_text()},
        ],
    }


def test_a_new_talk_forgets_the_old_one(chat: Chat) -> None:
    chat.ask("One")
    expect(chat.answers).to_have_text(re.compile(r"given\.$"))
    chat.page.get_by_role("button", name="New talk").click()
    expect(chat.answers).to_have_count(0)
    chat.ask("Two")
    expect(chat.answers).to_have_text(re.compile(r"before that nothing"))
    assert chat.sent()[-1]["history"] == []


def test_enter_sends_and_shift_enter_makes_a_line(chat: Chat) -> None:
    field = chat.page.get_by_label("Prompt")
    field.press_sequentially("a")
    field.press("Shift+Enter")
    field.press_sequentially("b")
    field.press("Enter")
    expect(chat.page.locator(".message.user")).to_have_text("a\nb", use_inner_text=True)
    assert chat.sent()[0]["prompt"] == "a\nb"


def test_what_is_typed_and_answered_is_text_and_never_markup(chat: Chat) -> None:
    chat.ask('<img src=x onerror="alert(1)">')
    expect(chat.answers).to_have_text(re.compile(r'“<img src=x onerror="alert\(1\)">”'))
    assert chat.page.locator("img").count() == 0


def test_a_failure_in_mid_stream_is_shown_next_to_what_came_before_it(chat: Chat) -> None:
    chat.ask("FAULT")
    problem = chat.page.get_by_role("alert")
    expect(problem).to_have_text(re.compile(r"^The answer broke off: The answerer failed"))
    expect(chat.answers).to_have_text(re.compile(r"^You"))
    expect(chat.page.get_by_role("button", name="Send")).to_be_visible()


def test_stop_ends_the_answer_and_keeps_what_was_typed(
    page: Page, endless_echo: RunningServer
) -> None:
    chat = Chat(page, endless_echo.url)
    chat.ask("Hello")
    expect(chat.answers).to_have_text(re.compile(r"^This is a placeholder.*placeholder"))
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    # The only place is free again: the server has noticed.
    chat.ask("Again")
    expect(chat.answers).to_have_count(2)
    expect(chat.answers.nth(1)).to_have_text(re.compile(r"placeholder"))
    history = chat.sent()[1]["history"]
    assert isinstance(history, list)
    assert [turn["role"] for turn in history] == ["user", "assistant"]
    assert chat.complaints == []


def test_a_refusal_is_shown_and_the_prompt_is_kept(page: Page, endless_echo: RunningServer) -> None:
    chat = Chat(page, endless_echo.url)
    with endless_echo.connect() as other:
        other.send(post())
        assert other.read_head().status == 200
        chat.ask("Hello")
        expect(page.get_by_role("alert")).to_have_text(
            "Refused with status 503: Too many streams are open, try again soon. Try again in 1 s."
        )
    expect(page.get_by_label("Prompt")).to_have_value("Hello")
    expect(chat.answers).to_have_count(0)
    assert chat.complaints == []


def test_a_lost_connection_is_reported(chat: Chat) -> None:
    chat.page.route("**/api/stream-chat", lambda route: route.abort())
    chat.ask("Hello")
    expect(chat.page.get_by_role("alert")).to_have_text("The connection to the server was lost.")
    chat.complaints.clear()


PARSE = """(chunks) => {
  const parser = new EventStreamParser();
  return chunks.flatMap((chunk) => parser.push(new Uint8Array(chunk)));
}"""
STREAMS = {
    "LF": b"data: a\n\ndata: b\n\n",
    "CR": b"data: a\r\rdata: b\r\r",
    "CRLF": b"data: a\r\n\r\ndata: b\r\n\r\n",
    "byte order mark": b"\xef\xbb\xbfdata: a\n\ndata: b\n\n",
    "comments": b": x\n\ndata: a\n:y\n\n: z\n\ndata: b\n\n",
    "no space, other fields": b"id: 1\nretry: 5\ndata:a\nfoo: x\n\ndata: b\n\n",
    "unfinished": b"data: a\n\ndata: b\n\ndata: c\n",
    "empty events": b"event: x\n\ndata\n\ndata: a\n\ndata: b\n\n",
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_page_reads_every_legal_stream_however_it_is_cut(
    parser: Page, stream: bytes, size: int
) -> None:
    chunks = [list(stream[start : start + size]) for start in range(0, len(stream), size)]
    events = parser.evaluate(PARSE, chunks)
    shown = [event for event in events if event["data"] != ""]
    assert shown == [{"type": "message", "data": data} for data in "ab"]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_the_page_joins_data_lines_and_keeps_characters_that_are_cut(
    parser: Page, size: int
) -> None:
    stream = "event: error\ndata: é\u2028\ndata: \U0001f600\n\n".encode()
    chunks = [list(stream[start : start + size]) for start in range(0, len(stream), size)]
    assert parser.evaluate(PARSE, chunks) == [{"type": "error", "data": "é\u2028\n\U0001f600"}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_fits_every_screen_in_both_schemes(
    browser: Browser, typewriter: RunningServer, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 600},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    try:
        chat = Chat(context.new_page(), typewriter.url)
        chat.ask("A word that is " + "very" * 60 + " long")
        expect(chat.answers).to_have_text(re.compile(r"before that"))
        overflow = chat.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        expect(chat.page.get_by_role("button", name="Send")).to_be_in_viewport()
        colours = "(style => [style.backgroundColor, style.color])(getComputedStyle(document.body))"
        ground, ink = chat.page.evaluate(colours)
        ratio = _contrast(ground, ink)
        assert ratio >= 7
        assert (_luminance(ground) < 0.1) == (scheme == "dark")
        assert chat.complaints == []
    finally:
        context.close()


def _luminance(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)
