"""Prompts that ask for a word which no other request has: it shows whose answer a stream is."""

from __future__ import annotations


def marker(number: int) -> str:
    """Return the word of one of many requests; no two of the first thousands are the same."""
    return f"Q{number * 7919 % 9973:04d}Z"


def marked_prompt(number: int) -> str:
    """Return a prompt whose answer is its word, from a model that follows it."""
    return f"Repeat this word, and nothing else: {marker(number)}"


def foreign_marker(text: str, asked: str, count: int) -> str:
    """Return a word in the answer that another one of `count` requests has, or an empty string."""
    markers = map(marker, range(count))
    return next((each for each in markers if each in text and each not in asked), "")
