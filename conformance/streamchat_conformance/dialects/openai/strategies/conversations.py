"""Valid conversations, with texts of every kind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.dialects.chat_messages.requests import Turn, assistant, user

PLANES = ((0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x5FF), (0x3041, 0x30FF), (0x4E00, 0x9FA5))
ASTRAL = ((0x10300, 0x1034A), (0x1F300, 0x1F64F), (0x20000, 0x2A6DF), (0xE0100, 0xE01EF))
MARKUP = (
    *("<|im_start|>", "<|im_end|>", "<s>", "</s>", "[INST]", "[/INST]", "<|endoftext|>"),
    *("<|eot_id|>", "<think>", "</think>", "<tool_call>", "{{content}}", "{% if %}", "[DONE]"),
    *("data: [DONE]\n\n", "\n\nevent: error\n", "\u2028", "\u2029", "\u0085", "\r\n\r\n", "\x00"),
)
"""What a tokenizer, a template or a reader of event streams takes for something else."""


def _characters() -> st.SearchStrategy[str]:
    ranges = [
        st.characters(min_codepoint=first, max_codepoint=last) for first, last in (*PLANES, *ASTRAL)
    ]
    return st.one_of(*ranges)


def texts(max_size: int = 24) -> st.SearchStrategy[str]:
    """Return texts of all planes of Unicode, with what means something to others in them."""
    words = st.text(_characters(), min_size=1, max_size=6)
    pieces = st.lists(words | st.sampled_from(MARKUP), min_size=1, max_size=max(1, max_size // 6))
    return pieces.map("".join).filter(str.strip)


def _turns() -> st.SearchStrategy[tuple[Turn, ...]]:
    return st.tuples(texts(), texts()).map(lambda pair: (user(pair[0]), assistant(pair[1])))


def conversations() -> st.SearchStrategy[tuple[Turn, ...]]:
    """Return histories of turns of a user and a model, and a last message of the user."""

    def joined(parts: tuple[list[Any], str]) -> tuple[Turn, ...]:
        turns, last = parts
        return (*(message for turn in turns for message in turn), user(last))

    return st.tuples(st.lists(_turns(), min_size=1, max_size=3), texts()).map(joined)
