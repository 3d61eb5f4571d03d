"""Whether a target hangs is found out once, and not from one request alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.suite.target import liveness_probe as pulse
from streamchat_conformance.suite.target.liveness_probe import PROBES, LivenessProbe

from .exchanges import chat, exchange

ANSWERED = exchange(chat())
HUNG = Exchange(
    request=ANSWERED.request, ending=Ending.TIMED_OUT, ended_at_s=10.0, limit="head_s=10"
)
LATER = replace(HUNG, label="a later one")


def probing(answers: Sequence[bool]) -> tuple[LivenessProbe, Iterator[bool]]:
    """Return a pulse whose probes get these answers, and the answers that are left."""
    left = iter(answers)
    return LivenessProbe(lambda _: next(left)), left


def test_one_request_without_an_answer_proves_nothing() -> None:
    for answers in ([True], [False, True]):
        found, left = probing(answers)
        assert not found.doubt(HUNG)
        assert not found.stopped()
        assert not list(left)


def test_a_target_that_answers_no_good_request_either_has_stopped() -> None:
    found, _ = probing([False] * PROBES)
    assert found.doubt(HUNG)
    assert found.stopped()
    assert found.stopped_at is HUNG


def test_it_is_found_out_once() -> None:
    found, _ = probing([False] * PROBES)
    assert found.doubt(HUNG)
    assert not found.doubt(LATER)
    assert found.stopped_at is HUNG


def test_nothing_is_doubted_while_clients_load_the_target() -> None:
    found, left = probing([False] * PROBES)
    with found.under_load():
        assert not found.doubt(HUNG)
    assert len(list(left)) == PROBES


@pytest.mark.parametrize("answer", [True, False])
def test_a_target_that_stopped_is_asked_again_after_a_while(
    answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "LOOK_AGAIN_S", 0.0)
    found, _ = probing([*[False] * PROBES, answer])
    found.doubt(HUNG)
    assert found.stopped() is not answer
    assert (found.stopped_at is None) is answer
