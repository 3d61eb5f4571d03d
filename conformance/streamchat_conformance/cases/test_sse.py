"""sse: the event stream's syntax, judged on every exchange of the run."""

from __future__ import annotations

import pytest

from streamchat_conformance.judges.judge import SHARED_JUDGES
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import verdict


@pytest.mark.parametrize("judged_id", SHARED_JUDGES.of_area("sse"))
def test_every_stream_is_written_as_the_standard_says(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)
