"""The verifier of a stream, as its dialect needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_load.verification.judged_verifier import JudgedVerifier
from streamchat_load.verification.stream_verifier import StreamVerifier

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import BuiltRequest, LoadDialect
    from streamchat_load.verification.oracle import Oracle


def verifier_of(
    sent: BuiltRequest, oracle: Oracle, dialect: LoadDialect, *, keep_texts: bool = False
) -> StreamVerifier:
    """Return the verifier of one stream."""
    judge = dialect.judge_stream(sent)
    if judge is None:
        return StreamVerifier(sent, oracle, dialect, keep_texts=keep_texts)
    return JudgedVerifier(sent, oracle, dialect, judge, keep_texts=keep_texts)
