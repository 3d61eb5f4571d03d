"""After each hostile case a good request is sent; a slow server's answer is not waited for."""

from streamchat_conformance.chat.request import HttpRequest

from .targets import learnt

WOUND = "failing-after-a-malformed-request-line"
SLOW_S = 1.0


def test_an_answer_that_takes_long_is_awaited_beside_the_next_cases() -> None:
    with learnt("first-event-after-three-seconds") as target:
        target.check_alive("nothing at all")
        target.check_alive("nothing again")
        assert target.ledger.entries["resilience.alive"].judged == 0
        target.alive.finish()
        assert target.ledger.entries["resilience.alive"].judged == 2
        assert not target.ledger.red("resilience.alive")


def test_a_server_that_fails_after_a_hostile_case_is_seen_either_way() -> None:
    for first_event_s in (0.0, SLOW_S):
        with learnt(WOUND) as target:
            target.baseline.first_event_s = first_event_s
            whole = target.encode(HttpRequest.chat(target.plain()))
            target.send(b"\x01" + whole, label="a malformed request line", observe=False)
            target.check_alive("a malformed request line")
            target.check_alive("nothing more")
            target.alive.finish()
            ((finding, _),) = target.ledger.entries["resilience.alive"].findings
            assert finding.message.endswith("after a malformed request line")


def test_a_server_that_is_gone_is_seen_either_way() -> None:
    for first_event_s in (0.0, SLOW_S):
        with learnt("one-event-alone") as target:
            target.baseline.first_event_s = first_event_s
        target.check_alive("the end")
        target.alive.finish()
        assert target.ledger.red("resilience.alive")
