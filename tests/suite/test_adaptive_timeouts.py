"""A target that answers nothing is waited for less and less, one that answers as before."""

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder.limits import Limits
from streamchat_conformance.suite.target.adaptive_timeouts import (
    FLOOD_KEPT_BYTES,
    GIVE_UP_WAITS,
    PATIENT_WAITS,
    RECORDING_BYTES,
    AdaptiveTimeouts,
)

from .exchanges import chat, exchange

LIMITS = Limits()
ANSWERED = exchange(chat())
HUNG = Exchange(request=ANSWERED.request, ending=Ending.TIMED_OUT, ended_at_s=10.0)
STALLED = exchange(chat(), ending=Ending.ABANDONED, ended_at_s=2.0, cut=True)
FLOODED = exchange(chat(), ending=Ending.OVERFLOW)


def after(*exchanges: Exchange) -> AdaptiveTimeouts:
    patience = AdaptiveTimeouts()
    for each in exchanges:
        patience.note(Reading(each))
    return patience


def test_answers_cost_no_patience() -> None:
    patience = after(*[ANSWERED] * 100)
    assert patience.limits(LIMITS, 0.1) == LIMITS
    assert not patience.gives_up


@pytest.mark.parametrize("hung", [HUNG, STALLED], ids=["hung", "stalled"])
def test_the_more_waits_run_out_the_shorter_the_next_one_is(hung: Exchange) -> None:
    waits = [after(*[hung] * count).limits(LIMITS, 0.0).head_s for count in (0, PATIENT_WAITS, 50)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > waits[1] > waits[2]


def test_a_slow_target_gets_what_it_usually_takes_several_times_over() -> None:
    assert after(*[HUNG] * 50).limits(LIMITS, 1.5).head_s == 5 * 1.5


def test_a_target_that_never_answers_is_given_up() -> None:
    assert not after(*[HUNG] * (GIVE_UP_WAITS - 1)).gives_up
    assert after(*[HUNG] * GIVE_UP_WAITS).gives_up


def test_after_long_unanswered_waits_properties_are_short() -> None:
    assert not after(*[HUNG] * 5).shortens_properties
    assert after(*[HUNG] * 6).shortens_properties


def test_less_is_recorded_of_a_target_that_floods() -> None:
    assert after(FLOODED).recording_bytes == RECORDING_BYTES
    assert after(*[FLOODED] * 3).recording_bytes == FLOOD_KEPT_BYTES
