"""Prompts that ask for words which no other request has: they show whose answer a stream is."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORDS = (
    *("owl", "elk", "cod", "yak", "hen", "eel", "ape", "emu"),
    *("asp", "ibis", "newt", "toad", "wren", "moth", "crab", "gnat"),
)
_TIMES = 8
_SURE_TIMES = 3
"""How often an answer says its own word before one of another is no coincidence."""


def marker(number: int) -> str:
    """Return the word of one of many requests; no two of the first thousands are the same."""
    return f"Q{number * 7919 % 9973:04d}Z"


def _word(number: int) -> str:
    """Return a short word, which most models say in one piece; the first sixteen differ."""
    return _WORDS[number % len(_WORDS)]


def marked_prompt(number: int) -> str:
    """Return a prompt whose answer is its words, from a model that follows it."""
    words = " ".join([marker(number), *[_word(number)] * _TIMES])
    return f"Repeat this, and nothing else: {words}"


def strange_marker(text: str, asked: str, markers: Iterable[str]) -> str:
    """Return the first of the markers that a text has and its request has not, or nothing."""
    return next((each for each in markers if each in text and each not in asked), "")


def foreign_marker(text: str, asked: str, count: int) -> str:
    """Return a word in the answer that another one of `count` requests has, or an empty string.

    Where single pieces get into another stream, a short word comes whole, and a marker torn. It is
    one of another only in an answer that says its own again and again, or where it comes again and
    again itself.
    """
    if found := strange_marker(text, asked, map(marker, range(count))):
        return found
    own = {each for each in _WORDS if f" {each} {each} " in asked}
    said = re.findall(r"[a-z]+", text)
    others = {_word(number) for number in range(count)} - own
    if sum(each in own for each in said) < _SURE_TIMES:
        runs = zip(*(said[start:] for start in range(_SURE_TIMES)), strict=False)
        return next((run[0] for run in runs if run[0] in others and len({*run}) == 1), "")
    return next((each for each in said if each in others), "")
