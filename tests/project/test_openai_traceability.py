"""Requirements of Chat Completions and the servers that prove them name the same ids, both ways."""

from __future__ import annotations

import pytest
from streamchat_conformance.catalogue import Level
from streamchat_conformance.judges import rules_of
from streamchat_fixtures.dialects import faults_of, legal_of

pytestmark = pytest.mark.guard

CATALOGUE = rules_of("openai").catalogue
FAULTS = faults_of("openai")
LEGAL = legal_of("openai")

EXPLAINED = {
    "payload.object": "openai.only-chunks is reported in its place",
    "sse.data": "openai.no-dataless-block is reported in its place",
    "sse.no-empty-events": "openai.only-chunks is reported in its place",
    "request.very-large-prompt": "what a server does with it is the model's limit",
}
"""Requirements without a server of their own, and why."""


def test_every_requirement_that_can_fail_a_run_has_a_server_that_breaks_it() -> None:
    broken = {id_ for fault in FAULTS for id_ in fault.breaks}
    observed_only = {entry.id for entry in CATALOGUE.values() if entry.level is Level.MAY}
    assert set(CATALOGUE) - broken - observed_only == set(EXPLAINED)


def test_the_servers_name_only_requirements_that_exist() -> None:
    named = {id_ for fault in FAULTS for id_ in (*fault.breaks, *fault.consequences)}
    named |= {id_ for legal in LEGAL for id_ in legal.should}
    assert named - set(CATALOGUE) == set()


def test_every_must_of_the_dialect_is_broken_in_several_ways() -> None:
    own = [entry.id for entry in CATALOGUE.values() if entry.id.startswith("openai.")]
    ways = {
        id_: sum(id_ in fault.breaks for fault in FAULTS)
        for id_ in own
        if CATALOGUE[id_].level is Level.MUST
    }
    assert {id_: count for id_, count in ways.items() if count < 2} == {}
