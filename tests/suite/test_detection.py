"""What detection sees in addition to what it asks for."""

from dataclasses import replace

import pytest
from streamchat_conformance.catalogue import FINITE
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.openai.capabilities import LOGPROBS, SEVERAL, TOOLS
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings, with_capabilities
from streamchat_conformance.suite.target import preflight
from streamchat_conformance.suite.target.capabilities import TargetCapabilities
from streamchat_conformance.suite.target.detection import TargetSurvey
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.dialects import steps_of

DIALECT = dialect_named("openai")
SLOW = ControlSettings(events=6, interval_s=0.1)


@pytest.mark.parametrize("denied", [False, True])
def test_a_stream_that_ends_after_the_preflight_has_left_it_shows_that_streams_end(
    monkeypatch: pytest.MonkeyPatch, *, denied: bool
) -> None:
    monkeypatch.setattr(preflight, "PROBE_S", 0.05)
    settings = with_capabilities(Settings(dialect=DIALECT), yes=[], no=["finite"] * denied)
    with ControlServer(settings=SLOW, steps=steps_of("openai")) as server:
        endpoint = Endpoint.from_url(f"http://127.0.0.1:{server.port}", path=DIALECT.path)
        ledger = Ledger(path=endpoint.path, rules=rules_of(DIALECT.name))
        target = Target(replace(settings, url=endpoint.url), endpoint, ledger)
        preflight.run_preflight(target)
        assert not target.has(FINITE)
        TargetSurvey(target).ask(HttpRequest.chat(target.plain()), label="to its end")
        assert target.has(FINITE) is not denied


def test_a_capability_that_no_case_needs_is_not_looked_for_rather_than_absent() -> None:
    settings = with_capabilities(Settings(dialect=DIALECT), yes=[], no=["stop"])
    capabilities = TargetCapabilities(settings)
    capabilities.note(TOOLS, "")
    capabilities.note(SEVERAL, SEVERAL.absent)
    stated = capabilities.stated()
    assert stated[TOOLS.name] == "detected"
    assert stated[SEVERAL.name] == "absent"
    assert stated[LOGPROBS.name] == "not looked for"
    assert stated["stop"] == "absent", "the user denies it"
    assert stated["fault"] == "absent", "it can only be declared"
