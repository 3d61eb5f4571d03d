"""A server that refuses some requests of a case is judged by those that it takes."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from streamchat_conformance.cases.test_request_accepted import (
    test_any_unicode_text_is_accepted_escaped_or_raw as any_text_is_accepted,
)
from streamchat_conformance.dialects.openai.cases.test_openai_features import (
    test_calls_of_tools_can_be_put_together as calls_can_be_put_together,
)
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.detection import detect
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import verdict
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import Violation
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.dialects import faults_of, legal_of, steps_of

DIALECT = dialect_named("openai")
PACE = ControlSettings(events=3, interval_s=0.001)


@contextmanager
def served(legal: str, *faults: str) -> Iterator[Target]:
    """Serve a legal server, with faults, and yield the target that it is."""
    variants = [*(faults_of("openai")[name] for name in faults), legal_of("openai")[legal]]
    with ControlServer(variants, settings=PACE, steps=steps_of("openai")) as server:
        endpoint = Endpoint.from_url(f"http://127.0.0.1:{server.port}", path=DIALECT.path)
        ledger = Ledger(path=endpoint.path, rules=rules_of(DIALECT.name))
        target = Target(Settings(dialect=DIALECT), endpoint, ledger)
        run_preflight(target)
        detect(target, DIALECT.capabilities)
        yield target


def test_a_filter_of_some_texts_leaves_a_verdict_on_all_others() -> None:
    with served("one-text-in-five-filtered") as target:
        any_text_is_accepted(target)
        assert verdict(target, "request.prompt-unicode") >= 5


def test_what_a_server_breaks_is_found_between_filtered_texts() -> None:
    with (
        served("one-text-in-five-filtered", "raw-utf8-refused") as target,
        pytest.raises(Violation, match="a valid request was not accepted"),
    ):
        any_text_is_accepted(target)


def test_a_fault_in_calls_is_found_behind_requests_for_tools_that_are_refused() -> None:
    served_so = served("only-auto-calls-tools", "tool-id-absent-among-others")
    with served_so as target, pytest.raises(Violation):
        calls_can_be_put_together(target)
    with served("only-auto-calls-tools") as target:
        calls_can_be_put_together(target)
        assert verdict(target, "openai.tool-head") >= 4
