"""Which texts stop at a stop sequence, and which go on."""

import pytest
from streamchat_conformance.dialects.chat_messages.stop_sequences import (
    across_pieces,
    goes_on,
    middle_of,
)

WHOLE = "The quick brown fox jumps over the lazy dog."


@pytest.mark.parametrize(
    "stopped",
    [
        "The quick ",
        "The quick bro",
        "The quick brown",
        "The quick brown fox",
    ],
)
def test_a_text_that_ends_earlier_than_the_whole_one_has_stopped(stopped: str) -> None:
    assert not goes_on(stopped, WHOLE, "bro")


@pytest.mark.parametrize(
    "stopped", [WHOLE, f"{WHOLE} It", "The quick brown dog", "A quick brown fox"]
)
def test_a_text_that_goes_on_to_this_or_another_end_has_not(stopped: str) -> None:
    assert goes_on(stopped, WHOLE, "bro")


def test_the_middle_of_a_text_stands_there_for_the_first_time() -> None:
    sequence = middle_of(WHOLE)
    assert sequence in WHOLE[15:30]
    assert goes_on(WHOLE, WHOLE, sequence)
    assert middle_of("ab") == ""


def test_a_sequence_across_pieces_is_in_none_of_them() -> None:
    pieces = ["The quick ", "bro", "wn fox", " jumps ", "over"]
    sequence = across_pieces(pieces)
    assert sequence in "".join(pieces)
    assert not any(sequence in piece for piece in pieces)
    assert across_pieces(["The quick brown fox"]) == ""
    assert across_pieces(["a ", "b ", "c "]) == ""
