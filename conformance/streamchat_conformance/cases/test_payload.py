"""payload: what every event keeps, whatever it says."""

from __future__ import annotations

import pytest

from streamchat_conformance.judges.judge import SHARED_JUDGES
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import verdict

TEXTS = frozenset({"payload.line-separators", "payload.no-injection", "payload.whole-characters"})
"""Decided by cases that send such texts where a dialect has a place for them."""


@pytest.mark.parametrize("judged_id", SHARED_JUDGES.of_area("payload", without=TEXTS))
def test_every_event_is_sound(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)
