"""How two texts that should be equal are shown."""

from streamchat_conformance.dialects.chat_messages.differences import where_they_differ

COUNTED = " ".join(map(str, range(100)))


def test_texts_that_differ_at_their_beginning_are_shown_from_it() -> None:
    assert where_they_differ("ab c", "a b c") == ("'ab c'", "'a b c'")


def test_long_texts_that_differ_at_their_end_are_shown_there() -> None:
    said, expected = where_they_differ(COUNTED.removesuffix(" 99"), COUNTED)
    assert said.startswith("…'")
    assert said.endswith(" 98'")
    assert expected.endswith(" 98 99'")


def test_what_goes_on_behind_the_piece_is_marked() -> None:
    said, expected = where_they_differ("x" + COUNTED, COUNTED)
    assert said.startswith("'x0 1 ")
    assert said.endswith("'…")
    assert expected.endswith("'…")
