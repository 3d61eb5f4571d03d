"""A stream whose request is not known is judged as if what came had been asked for."""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.judges.reading import REQUEST_ASSUMED

from .completions import DONE, Item, broken, chunk, stream


def pasted(*items: Item) -> set[str]:
    """Return what a stream breaks whose request is not known."""
    reading = stream(*items)
    exchange = replace(reading.exchange, notes=(REQUEST_ASSUMED,))
    return broken(replace(reading, exchange=exchange))


def of_choice(index: int, *, finish: str | None = "stop") -> list[Item]:
    return [
        chunk({"role": "assistant", "content": ""}, index=index),
        chunk({"content": "Hello"}, index=index),
        *([chunk({}, finish, index=index)] if finish else []),
    ]


def test_several_choices_that_came_were_asked_for() -> None:
    assert pasted(*of_choice(0), *of_choice(1), *of_choice(2), DONE) == set()
    interleaved = [each for pair in zip(of_choice(0), of_choice(1), strict=True) for each in pair]
    assert pasted(*interleaved, DONE) == set()


def test_a_choice_of_several_that_does_not_finish_is_reported() -> None:
    found = pasted(*of_choice(0), *of_choice(1, finish=None), DONE)
    assert found == {"openai.n-choices"}


def test_an_index_that_counts_the_chunks_is_no_choice_of_several() -> None:
    first, *rest = of_choice(0)
    counted = [
        {**each, "choices": [{**each["choices"][0], "index": number}]}
        for number, each in enumerate(rest, 1)
        if isinstance(each, dict)
    ]
    assert pasted(first, *counted, DONE) == {"openai.choice-index"}


def test_choices_with_a_gap_are_none_that_were_asked_for() -> None:
    assert pasted(*of_choice(1), DONE) == {"openai.choice-index"}
