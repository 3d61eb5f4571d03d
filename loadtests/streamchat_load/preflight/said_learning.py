"""Learning what whole streams say, where a dialect has a state machine for streams."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.verification.expected_body import learn_body
from streamchat_load.verification.judged_verifier import JudgedVerifier
from streamchat_load.verification.template import learn_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_load.client.reading import StreamReading
    from streamchat_load.verification.expected_body import ExpectedBody
    from streamchat_load.verification.oracle import Oracle
    from streamchat_load.verification.template import EventTemplate


def with_said(oracle: Oracle, readings: Sequence[StreamReading]) -> Oracle:
    """Return an oracle with what three streams say, and with their bytes if they are known.

    The first two have `LEARNING_NONCES`, the third a nonce of its own, which proves the rule.
    """
    verifiers = [
        reading.verifier for reading in readings if isinstance(reading.verifier, JudgedVerifier)
    ]
    if len(verifiers) < len(readings):
        return oracle
    echo = all(verifier.sent.nonce in verifier.said for verifier in verifiers)
    oracle = replace(oracle, echo=echo)
    if any(reading.outcome is not StreamOutcome.VERIFIED for reading in readings):
        return oracle
    said = _rule(verifiers)
    return replace(oracle, said=said, expected_body=_body(verifiers) if said else None)


def _rule(verifiers: Sequence[JudgedVerifier]) -> EventTemplate | None:
    first, second, third = (verifier.said for verifier in verifiers)
    found = learn_text(first, second)
    return found if found is not None and found.text(verifiers[2].sent.nonce) == third else None


def _body(verifiers: Sequence[JudgedVerifier]) -> ExpectedBody | None:
    """Return the rule behind three bodies, apart from what is each stream's own; or None."""
    bodies = [body for each in verifiers if (body := each.retained_body) is not None]
    if len(bodies) < len(verifiers):
        return None
    dialect = verifiers[0].dialect
    nonce = verifiers[2].sent.nonce
    found = learn_body(bodies, nonce, dialect.content, dialect.text, dialect.own_members)
    usage = verifiers[0].usage
    if found is None or usage is None:
        return found
    return replace(found, usage=(usage.prompt_tokens, usage.completion_tokens))
