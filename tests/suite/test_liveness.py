"""After each hostile case a good request is sent; a slow server's answer is not waited for."""

import threading

import pytest
from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading

from .targets import prepared

WOUND = "failing-after-a-malformed-request-line"
SLOW_S = 1.0


def test_an_answer_that_takes_long_is_awaited_during_the_next_cases() -> None:
    with prepared("first-event-after-three-seconds") as target:
        target.check_alive("nothing at all")
        target.check_alive("nothing again")
        assert target.ledger.entries["resilience.alive"].judged == 0
        target.liveness.finish()
        assert target.ledger.entries["resilience.alive"].judged == 2
        assert not target.ledger.red("resilience.alive")


def test_a_server_that_fails_after_a_hostile_case_is_seen_either_way() -> None:
    for first_event_s in (0.0, SLOW_S):
        with prepared(WOUND) as target:
            target.baseline.first_event_s = first_event_s
            whole = target.encode(HttpRequest.chat(target.plain()))
            target.send(b"\x01" + whole, label="a malformed request line", observe=False)
            target.check_alive("a malformed request line")
            target.check_alive("nothing more")
            target.liveness.finish()
            # Of two requests under way at once either may be the one that is let down.
            entry = target.ledger.entries["resilience.alive"]
            assert (entry.failed, entry.judged) == (1, 1 if first_event_s == 0.0 else 2)


def test_a_server_that_is_gone_is_seen_either_way() -> None:
    for first_event_s in (0.0, SLOW_S):
        with prepared("one-event-alone") as target:
            target.baseline.first_event_s = first_event_s
        target.check_alive("the end")
        target.liveness.finish()
        assert target.ledger.red("resilience.alive")


def test_not_now_is_an_answer_only_while_the_suite_itself_has_streams_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head = b"HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    not_now = Reading(Exchange(request=b"", reads=(Read(0.0, head),)))
    assert not_now.overloaded
    with prepared("one-event-alone") as target:
        monkeypatch.setattr(target, "send", lambda *_, **__: not_now)
        over = threading.Event()
        target.background.start("streams", over.wait)
        target.check_alive("a case among others")
        assert not target.ledger.red("resilience.alive")
        over.set()
        target.background.result("streams", within_s=5.0)
        target.check_alive("a case alone")
        assert target.ledger.red("resilience.alive")
