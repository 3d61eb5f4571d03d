"""openai: what streamed answers say, and in which order."""

from __future__ import annotations

import pytest

from streamchat_conformance.catalogue import decides
from streamchat_conformance.dialects.chat_messages.token_limits import SHORT_CAP
from streamchat_conformance.dialects.openai.capabilities import with_usage
from streamchat_conformance.dialects.openai.rules import JUDGES
from streamchat_conformance.dialects.openai.scenarios import base, counting, whole
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.plain_requests import check_forms
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check, verdict

SCRIPTS = "Repeat: 你好, Grüße, שלום, 🌍, e\u0301."
"""Characters of two, three and four bytes, which a server may cut."""

LIVE = frozenset(
    {
        *("openai.request-minimal", "openai.done"),
        # cases/test_openai_requests.py
        *("openai.request-history", "openai.request-system", "openai.request-content-parts"),
        *("openai.request-tool-history", "openai.request-null-options", "openai.stream-false"),
        *("openai.stream-options-empty", "openai.messages-missing", "openai.message-not-object"),
        *("openai.messages-lax", "openai.error-not-streamed", "openai.model-lax", "openai.lax"),
        # cases/test_openai_features.py
        *("openai.tool-head", "openai.tool-index-distinct", "openai.n-choices", "openai.logprobs"),
        # cases/test_openai_faults.py
        *("openai.fault-error-event", "openai.fault-not-success", "openai.fault-ends"),
        "openai.fault-message",
    }
)
"""Decided by cases that send the requests for them."""


@decides("openai.request-minimal")
@costs(6, sequential=1)
@independent(at_once=5)
def test_a_plain_request_gets_a_stream(target: Target) -> None:
    check(whole(target, base(target), "a plain request"), "openai.request-minimal")
    check_forms(target, "openai.request-minimal")


@decides("openai.done")
@costs(4)
@independent()
def test_streams_of_every_kind_end_with_their_sentinel(target: Target) -> None:
    target.require_stream()
    requests = {
        "a request for many chunks": counting(target),
        "a plain request with usage": with_usage(base(target)),
        "a request in several scripts": base(target).saying(SCRIPTS),
        "a request that is cut at 8 tokens": with_usage(counting(target).capped(SHORT_CAP)),
    }
    one_by_one(lambda label: check(whole(target, requests[label], label), "openai.done"), requests)


@pytest.mark.parametrize("judged_id", JUDGES.of_area("openai", without=LIVE))
def test_every_answer_keeps_the_rules(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)
