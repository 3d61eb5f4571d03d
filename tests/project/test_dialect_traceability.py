"""Requirements of dialects and the servers that prove them name the same ids, both ways."""

from __future__ import annotations

import pytest
from streamchat_conformance.catalogue import Level
from streamchat_conformance.judges import rules_of
from streamchat_fixtures.dialects import faults_of, legal_of

pytestmark = pytest.mark.guard

EXPLAINED = {
    "openai": {
        "stream.fault-visible": "openai.fault-error-event is reported in its place",
        "payload.object": "openai.only-chunks is reported in its place",
        "sse.data": "openai.no-dataless-block is reported in its place",
        "sse.no-empty-events": "openai.only-chunks is reported in its place",
        "request.very-large-prompt": "what a server does with it is the model's limit",
        "resilience.slow-reader": "no answer is large enough to fill the buffers of a socket",
    },
    "anthropic": {
        "stream.fault-visible": "anthropic.error-event is reported in its place",
        "request.very-large-prompt": "what a server does with it is the model's limit",
        "resilience.slow-reader": "no answer is large enough to fill the buffers of a socket",
    },
}
"""Requirements without a server of their own, and why."""
each_dialect = pytest.mark.parametrize("dialect", EXPLAINED)


@each_dialect
def test_every_requirement_that_can_fail_a_run_has_a_server_that_breaks_it(dialect: str) -> None:
    catalogue = rules_of(dialect).catalogue
    broken = {id_ for fault in faults_of(dialect) for id_ in fault.breaks}
    observed_only = {entry.id for entry in catalogue.values() if entry.level is Level.MAY}
    assert set(catalogue) - broken - observed_only == set(EXPLAINED[dialect])


@each_dialect
def test_the_servers_name_only_requirements_that_exist(dialect: str) -> None:
    named = {id_ for fault in faults_of(dialect) for id_ in (*fault.breaks, *fault.consequences)}
    named |= {id_ for legal in legal_of(dialect) for id_ in legal.should}
    assert named - set(rules_of(dialect).catalogue) == set()


@each_dialect
def test_every_must_of_the_dialect_is_broken_in_several_ways(dialect: str) -> None:
    catalogue = rules_of(dialect).catalogue
    own = [entry.id for entry in catalogue.values() if entry.id.startswith(f"{dialect}.")]
    ways = {
        id_: sum(id_ in fault.breaks for fault in faults_of(dialect))
        for id_ in own
        if catalogue[id_].level is Level.MUST
    }
    assert {id_: count for id_, count in ways.items() if count < 2} == {}
