"""What the sources look like: their length, and what they may not mention."""

from __future__ import annotations

import re

import pytest

from .sources import ROOT, tracked_files

pytestmark = pytest.mark.guard

LINES = 400
LONGER = {
    "fixtures/streamchat_fixtures/control/steps.py": "every step of the control on one page",
}
"""Files that may be longer, with the reason."""

TEXT = {".py", ".md", ".toml", ".ini", ".cfg", ".html", ".json", ".txt", ".yml", ".yaml", ""}

# Taken apart, so that this file does not mention them itself.
FORBIDDEN = {
    "a path of one machine": "|".join(["/" + "work/", "/" + "root/", "/home/" + "[a-z]+/"]),
    "a package registry's host": "|".join(
        ["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "/opt/" + "pypi"]
    ),
    "work left undone": "|".join([r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bX" + r"XX\b"]),
}


def texts() -> list[tuple[str, str]]:
    return [
        (file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))
        for file in tracked_files()
        if file.suffix in TEXT
    ]


@pytest.mark.parametrize("what", sorted(FORBIDDEN))
def test_nothing_mentions(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE)
    found = [
        f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}"
        for name, text in texts()
        for hit in pattern.finditer(text)
    ]
    assert found == []


def test_no_source_file_is_too_long() -> None:
    lengths = {name: text.count("\n") for name, text in texts() if name.endswith(".py")}
    long = {name: count for name, count in lengths.items() if count > LINES}
    assert set(long) <= set(LONGER), long


def test_no_test_is_left_out() -> None:
    marks = re.compile(r"pytest\.(?:mark\.)?(?:skip|xfail|importorskip)")
    assert [name for name, text in texts() if name.endswith(".py") and marks.search(text)] == []


def test_every_text_ends_with_a_line_end_and_has_no_tabs_or_trailing_blanks() -> None:
    for name, text in texts():
        if not name.endswith((".py", ".md", ".toml", ".ini")):
            continue
        assert not text or text.endswith("\n"), name
        assert not re.search(r"[ \t]+$|\t", text, re.MULTILINE), name
