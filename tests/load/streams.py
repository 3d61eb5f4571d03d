"""Streams of the endpoint's dialect, and what the verifier says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_load.dialects.dialect import BuiltRequest
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.faults import StreamFault
from streamchat_load.verification.expected_body import learn_body
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.stream_verifier import StreamVerifier
from streamchat_load.verification.template import LEARNING_NONCES, StreamTemplate, learn_template

if TYPE_CHECKING:
    from collections.abc import Callable

DIALECT = StreamChatDialect()
NONCE = "00112233445566ff"
OTHER = "ffeeddccbbaa9988"
EVENTS = 6


def events_of(nonce: str, count: int = EVENTS) -> list[bytes]:
    sent = DIALECT.build(nonce)
    return [
        b"data: "
        + json.dumps({**sent.value, "response": f"{place} 日本"}, ensure_ascii=False).encode()
        + b"\n\n"
        for place in range(count)
    ]


def texts_of(nonce: str) -> list[str]:
    return [block[6:-2].decode() for block in events_of(nonce)]


def learned(answer: Callable[[str], list[str]]) -> StreamTemplate | None:
    first, second = map(answer, LEARNING_NONCES)
    return learn_template(first, second, answer(OTHER), OTHER)


TEMPLATE = learned(texts_of)
WHOLE_BODY = Oracle(
    template=TEMPLATE, length=EVENTS, body_bytes=len(b"".join(events_of(NONCE))), echo=True
)
UNKNOWN = Oracle(echo=True)
BYTES = replace(
    WHOLE_BODY,
    expected_body=learn_body(
        [b"".join(events_of(nonce)) for nonce in (*LEARNING_NONCES, OTHER)], OTHER
    ),
)


def judge(
    blocks: list[bytes],
    oracle: Oracle = WHOLE_BODY,
    *,
    ended: bool = True,
    cut: bool = False,
    sent: BuiltRequest | None = None,
) -> StreamVerifier:
    verifier = StreamVerifier(sent or DIALECT.build(NONCE), oracle, DIALECT)
    for block in blocks:
        verifier.receive(block, 0.0)
    verifier.finish(ended=ended, cut=cut)
    return verifier


def fault_of(verifier: StreamVerifier) -> StreamFault | None:
    return verifier.evidence.fault if verifier.evidence else None


def changed(place: int, block: bytes) -> list[bytes]:
    blocks = events_of(NONCE)
    blocks[place] = block
    return blocks
