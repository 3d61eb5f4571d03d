"""What a server says about how long it keeps a connection."""

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import Reading, rules_of
from streamchat_conformance.suite.scenarios.keepalive import announced_idle_s
from streamchat_conformance.suite.verdicts.ledger import Ledger

from .exchanges import chat, exchange


def answered(*lines: str, position: int = 0) -> Reading:
    """Return the reading of a chat that is answered by a stream with these field lines."""
    head = (
        "HTTP/1.1 200 OK",
        "Content-Type: text/event-stream",
        "Transfer-Encoding: chunked",
        *lines,
    )
    return Reading(
        Exchange(
            request=exchange(chat()).request,
            reads=(Read(0.0, "\r\n".join((*head, "", "0", "", "")).encode()),),
            ending=Ending.COMPLETE,
            position=position,
        )
    )


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ((), None),
        (("Keep-Alive: max=100",), None),
        (("Keep-Alive: timeout=5, max=100",), 5),
        (("keep-alive: max=100, Timeout=1",), 1),
        (('Keep-Alive: timeout="2"',), 2),
        (("Keep-Alive: max=100", "Keep-Alive: timeout = 3"), 3),
        (("Keep-Alive: x-timeout=1",), None),
        (("Keep-Alive: timeout",), None),
        (("Keep-Alive: timeout=soon",), None),
    ],
)
def test_an_announced_idle_time_is_read_in_any_spelling(
    lines: tuple[str, ...], seconds: int | None
) -> None:
    assert announced_idle_s(answered(*lines)) == seconds


def test_a_connection_that_has_served_may_be_given_up_by_saying_so() -> None:
    judge = rules_of(DEFAULT).judges["headers.connection-persistent"]
    assert judge(answered("Connection: close"))
    assert judge(answered("Connection: close", position=1)) is None
    assert judge(answered("Connection: keep-alive", position=1)) == []


@pytest.mark.parametrize(("kept", "red"), [(19, False), (9, False), (6, True), (0, True)])
def test_an_end_that_few_answers_announce_is_no_fault(kept: int, *, red: bool) -> None:
    id_ = "headers.connection-persistent"
    ledger = Ledger()
    for option in (*["keep-alive"] * kept, "close"):
        ledger.observe_reading(answered(f"Connection: {option}"))
    assert ledger.red(id_) == red
    assert (id_ in dict(ledger.all_findings())) == red
    if not red:
        assert ledger.verdict(id_) == kept + 1
