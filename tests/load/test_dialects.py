"""What a dialect decides: which text an event carries, and when a stream is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.faults import StreamFault
from streamchat_load.verification.expected_body import learn_body
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.stream_verifier import StreamVerifier
from streamchat_load.verification.template import LEARNING_NONCES

from .streams import DIALECT, NONCE, OTHER, fault_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_load.dialects.dialect import BuiltRequest, EventViolation

TEXTS = ("", " ", "\n", "Hello", "there")


def block(text: object) -> bytes:
    return b"data: " + json.dumps({"response": text}).encode() + b"\n\n"


def known_bytes(blocks: Sequence[bytes]) -> Oracle:
    bodies = [b"".join(blocks)] * (len(LEARNING_NONCES) + 1)
    return Oracle(expected_body=learn_body(bodies, OTHER, DIALECT.content, DIALECT.text))


@pytest.mark.parametrize("known", [True, False], ids=["bytes are known", "nothing is known"])
@given(texts=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8))
def test_the_first_event_with_text_is_found_where_it_is(known: bool, texts: list[str]) -> None:
    blocks = [block(text) for text in texts]
    oracle = known_bytes(blocks) if known else Oracle()
    verifier = StreamVerifier(DIALECT.build(NONCE), oracle, DIALECT)
    shown = ""
    for text, data in zip(texts, blocks, strict=True):
        verifier.receive(data, 0.0)
        shown += text
        assert verifier.has_text is bool(shown.strip())


def test_text_that_was_expected_is_known_after_the_stream_differs() -> None:
    blocks = [block(""), block("Hello"), block("there")]
    verifier = StreamVerifier(DIALECT.build(NONCE), known_bytes(blocks), DIALECT)
    verifier.receive(blocks[0], 0.0)
    assert not verifier.has_text
    verifier.receive(block("Hallo"), 0.0)
    assert verifier.has_text


@pytest.mark.parametrize("data", ["", "[]", "no JSON", "1", '{"response": 1}', '{"error": "x"}'])
def test_what_has_no_response_has_no_text(data: str) -> None:
    assert DIALECT.text("message", data) == ""


class MarkedDialect(StreamChatDialect):
    """A dialect whose streams end with `[DONE]`."""

    has_end_event: ClassVar[bool] = True

    def judge(self, data: str, sent: BuiltRequest, *, echo: bool) -> EventViolation | None:
        return None if self.is_end("", data) else super().judge(data, sent, echo=echo)

    def is_end(self, kind: str, data: str) -> bool:
        del kind
        return data == "[DONE]"


DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        ([block("a"), DONE], None),
        ([block("a")], StreamFault.TRUNCATED),
        ([block("a"), DONE, block("b")], StreamFault.ALTERED),
    ],
)
def test_a_stream_with_an_end_event_is_over_with_it(
    blocks: list[bytes], fault: StreamFault | None
) -> None:
    dialect = MarkedDialect()
    verifier = StreamVerifier(dialect.build(NONCE), Oracle(), dialect)
    for data in blocks:
        verifier.receive(data, 0.0)
    verifier.finish(ended=True, cut=False)
    assert fault_of(verifier) is fault
