"""Messages next to each other, where what they say cannot be compared."""

from streamchat_conformance.dialects.anthropic.cases.test_anthropic_crowd import (
    test_messages_at_once_are_not_mixed as messages_are_not_mixed,
)
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.dialects import faults_of, steps_of

DIALECT = dialect_named("anthropic")
PACE = ControlSettings(events=3, interval_s=0.001)


def test_messages_that_have_no_end_are_compared_with_nothing() -> None:
    fault = faults_of(DIALECT.name)["no-message-stop"]
    with ControlServer([fault], settings=PACE, steps=steps_of(DIALECT.name)) as server:
        endpoint = Endpoint.from_url(f"http://127.0.0.1:{server.port}", path=DIALECT.path)
        ledger = Ledger(path=endpoint.path, rules=rules_of(DIALECT.name))
        target = Target(Settings(dialect=DIALECT), endpoint, ledger)
        run_preflight(target)
        messages_are_not_mixed(target)
        assert not target.red("anthropic.isolated")
