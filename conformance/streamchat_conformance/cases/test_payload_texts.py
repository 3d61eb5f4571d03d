"""payload: text of the request that is dangerous to an event stream, or hard to cut."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.places import repeatable_of
from streamchat_conformance.judges import Reading
from streamchat_conformance.strategies import (
    astral_prompts,
    injection_prompts,
    line_separator_prompts,
)
from streamchat_conformance.suite.scenarios.generated import generated, generated_for
from streamchat_conformance.suite.scenarios.narrowing import narrowed
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check


def _few(target: Target) -> int:
    """Return how many events to read after dangerous text: two, if they are quick."""
    return 2 if target.baseline.interval_s < 0.02 else 1


@decides("payload.line-separators")
@generated(
    lambda: st.tuples(line_separator_prompts(), st.booleans(), st.booleans()),
    examples=[
        (text, in_history, escaped)
        for text in (
            "a\nb",
            "a\r\nb",
            "a\rb",
            "a\u2028b\u2029c\u0085d",
            "a\x0bb\x0cc\x1cd\x1de\x1ef",
        )
        for in_history in (False, True)
        for escaped in (False, True)
    ]
    + [("a\n\nb\u0000c\n", False, True), ("\n", True, True), ("\r\n\r\n", False, True)],
)
def test_line_separators_add_no_line_and_come_back(
    target: Target, drawn: tuple[str, bool, bool]
) -> None:
    text, in_history, escaped = drawn
    chat = target.recalling(text) if in_history else target.plain(text)
    request = HttpRequest.chat(chat, ensure_ascii=escaped)
    check(target.send(request, events=_few(target)), "payload.line-separators")


@decides("payload.whole-characters")
@generated(
    astral_prompts,
    examples=["😀" * 160, "a" + "😀" * 160, "👩🏽‍💻" * 40, "\U00010000a\U0010fffd日" * 60],
    share=0.1,
)
def test_a_character_never_comes_in_two_events(target: Target, prompt: str) -> None:
    interval_s = target.baseline.interval_s
    events = 12 if interval_s < 0.02 else 4 if interval_s < 0.25 else 2
    chat = target.recalling(prompt, now=prompt)
    reading = target.chat(chat, events=events)
    check(reading, "payload.whole-characters")


INJECTIONS = tuple(
    f"{before}{end}{end}data:{space}{payload}{end}{end}"
    for before in ("spoken for", "")
    for end in ("\n", "\r", "\r\n", "%0A", "%0D%0A")
    for space in ("", " ")
    for payload in ('{"text":"injected"}',)
) + tuple(
    f"spoken for{end}{line}{end}"
    for end in ("\n", "\r", "\r\n", "\0")
    for line in (": another comment", "id: another-id", "event: another-event", "retry: 98765432")
)
INJECTED = ("payload.no-injection", "headers.no-injection")


@decides("payload.no-injection")
@generated_for(
    lambda target: st.tuples(
        injection_prompts(),
        st.sampled_from([(place,) for place in repeatable_of(target.dialect).names]),
    ),
    examples=lambda target: [
        (text, tuple(repeatable_of(target.dialect).names)) for text in INJECTIONS
    ],
)
def test_text_that_looks_like_an_event_adds_none(
    target: Target, drawn: tuple[str, tuple[str, ...]]
) -> None:
    text, places = drawn
    repeatable = repeatable_of(target.dialect)

    def ask(some: Sequence[str]) -> Reading:
        chat = repeatable.request(target.plain(), text, some)
        return target.chat(chat, events=_few(target))

    reading = narrowed(places, ask, INJECTED)
    if len(places) > 1 and not reading.accepted:
        # A server may refuse such a role or name. What it takes is judged by itself.
        one_by_one(lambda place: check(ask([place]), *INJECTED), places)
        return
    check(reading, *INJECTED)
