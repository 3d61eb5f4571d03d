"""Text of a request that became lines of its own, in a dialect without an echo."""

from __future__ import annotations

from streamchat_conformance.core.finding import Finding
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.rules import SPILLED
from streamchat_conformance.suite.verdicts.ledger import Ledger

from .messages import BASE, GOOD, RULES, stream

ASKED = {**BASE, "messages": [{"role": "user", "content": "Say this\r\nX-Injected: yes\r\n\r\n"}]}
INJECTED = stream(b": asked=Say this\r\nX-Injected: yes\r\n\r\n", *GOOD, members=ASKED)
STRANGE = stream(b"X-Other: yes\n\n", *GOOD)


def first_message(reading: Reading, id_: str) -> str:
    """Return what the first finding on a requirement says."""
    return dict(RULES.judge_all(reading))[id_][0].message


def test_what_such_text_broke_says_that_it_did() -> None:
    assert first_message(INJECTED, "sse.fields").startswith(SPILLED)
    assert not first_message(STRANGE, "sse.fields").startswith(SPILLED)


def test_text_that_ends_a_head_explains_what_follows_it() -> None:
    ledger = Ledger(rules=RULES)
    ledger.observe_reading(INJECTED)
    assert ledger.cause("sse.fields") == ""
    ledger.flag(Finding("headers.no-injection", "injected", "", ""), INJECTED.exchange)
    assert ledger.cause("sse.fields") == "headers.no-injection"
    assert ledger.cause("headers.no-injection") == ""
    ledger.observe_reading(STRANGE)
    assert ledger.cause("sse.fields") == ""
