"""TOML that a user wrote."""

from __future__ import annotations

import pytest
from streamchat_conformance.core.toml_text import NotTomlError, read_toml


def test_a_document_is_read() -> None:
    assert read_toml("[a]\nb = 1") == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("a = 1\nb = = 2", "Invalid value", 2, 5),
        ("a = 1\n\nb = ", "Invalid value", 3, None),
        ("a = " + "[" * 5000, "it is nested too deeply", 1, None),
        ("a = " + "9" * 5000, "a value cannot be read: Exceeds the limit", 1, None),
    ],
    ids=["within", "end", "deep", "digits"],
)
def test_each_mistake_is_one_error_with_its_place(
    text: str, reason: str, line: int, column: int | None
) -> None:
    with pytest.raises(NotTomlError) as caught:
        read_toml(text)
    assert caught.value.reason.startswith(reason)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "\n" not in str(caught.value)
