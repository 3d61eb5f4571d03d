"""Plain words: for each word listed here there is one that more readers know."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from .sources import ROOT, tracked_files

pytestmark = pytest.mark.guard

BETTER = {
    "accuse accuses accused accusing": "flag",
    "anew": "again",
    "beside": "next to, with, alongside",
    "besides": "also, in addition to",
    "deserve deserves deserved": "the expected outcome",
    "ever after": "from then on",
    "for ever": "forever, without end",
    "foretold": "expected",
    "guilty": "the cause",
    "heed heeds heeded": "follow, check",
    "hopeless": "a word for what is the case",
    "in vain": "unanswered, without effect",
    "learnt": "learned",
    "lone": "single",
    "mend mends mended mending": "fix",
    "rehearse rehearses rehearsed rehearsing": "script, imitate",
    "so long": "this long",
    "so many": "this many, as many, how many",
    "spoilt": "spoiled",
    "tell tells telling told": "report, show, say, ask, distinguish",
    "usual": "typical, common; for latency: baseline",
    "vain": "unanswered, without effect",
    "weary": "a word for what is the case",
    "whence": "from where",
}
"""Words, or phrases of two words, and what to write in their place."""

STANDARD = re.compile(
    r"lone[-_\s]+surrogate"  # Unicode's term.
    r"|\.tell\(\)",  # The method of Python's files.
)

SUFFIXES = {".py", ".md", ".toml", ".ini", ".yml", ".html", ".css", ".js", ".mjs", ".go", ".conf"}


def _phrases() -> Iterator[tuple[str, str]]:
    """Yield each word or phrase with what to write in its place."""
    for key, better in BETTER.items():
        phrases = [key] if key.partition(" ")[0] in {"ever", "for", "in", "so"} else key.split()
        yield from ((phrase, better) for phrase in phrases)


REPLACEMENTS = dict(_phrases())

# Names are made of words, too: an underscore is no letter. A phrase may go on in a new line.
_LISTED = re.compile(
    r"(?<![a-z])(?:"
    + "|".join(phrase.replace(" ", r"[\s_#]+") for phrase in REPLACEMENTS)
    + r")(?![a-z])",
)


def listed_words(text: str) -> Iterator[tuple[int, str]]:
    """Yield the listed words in a text: (line, the word or phrase in small letters)."""
    # In small letters, which is faster than to ignore the letters' case.
    text = STANDARD.sub(lambda hit: re.sub(r"\S", ".", hit[0]), text.lower())
    for hit in _LISTED.finditer(text):
        yield text.count("\n", 0, hit.start()) + 1, " ".join(re.split(r"[\s_#]+", hit[0]))


def test_words_are_plain() -> None:
    found = [
        f"{file.relative_to(ROOT).as_posix()}:{line}: {word!r}: write {REPLACEMENTS[word]}"
        for file in tracked_files()
        if file.suffix in SUFFIXES and file.name != "test_plain_words.py"
        for line, word in listed_words(file.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def mend_it():", ["mend"]),
        ("MENDED = 1", ["mended"]),
        ("# it was told\n# so\n# many times", ["told", "so many"]),
        ("a lone\n    surrogate, LONE_SURROGATES, a lone reader", ["lone"]),
        ("file.tell() recommends unusual clones", []),
    ],
)
def test_words_are_found_in_names_and_across_lines(text: str, words: list[str]) -> None:
    assert [word for _, word in listed_words(text)] == words
