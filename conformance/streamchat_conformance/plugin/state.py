"""One run of the suite: settings, target, and what became of each requirement."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import Any

from streamchat_conformance.catalogue import Capability
from streamchat_conformance.catalogue.complete import load_catalogue
from streamchat_conformance.judges import JUDGES
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.recorder.errors import TargetUrlError
from streamchat_conformance.suite.embedded import EmbeddedServer, embedded_settings
from streamchat_conformance.suite.learn import learn
from streamchat_conformance.suite.ledger import Ledger
from streamchat_conformance.suite.observe import start_observations
from streamchat_conformance.suite.outcomes import NotTestable, Outcome
from streamchat_conformance.suite.results import Result, Results
from streamchat_conformance.suite.settings import Settings, SettingsError
from streamchat_conformance.suite.target import Target


class RunState:
    """Everything that lives as long as a run. `start` opens it, `stop` closes it."""

    def __init__(self, settings: Settings, selected: set[str]) -> None:
        load_catalogue()
        self.settings = settings
        self.selected = selected
        self.results = Results()
        self.target: Target | None = None
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self._clock = time.monotonic()
        self._stack = contextlib.ExitStack()

    @property
    def duration_s(self) -> float:
        """How long the run has taken (seconds)."""
        return time.monotonic() - self._clock

    def start(self) -> None:
        """Start the embedded server if there is no URL, and learn the target.

        Raises NotTestable when the target cannot be tested.
        """
        settings = self.settings
        if settings.url is None:
            server = self._stack.enter_context(EmbeddedServer())
            settings = embedded_settings(settings, server.url)
        self.settings = settings
        endpoint = endpoint_of(settings)
        self.results.facts.url = endpoint.url
        ledger = Ledger(path=endpoint.path, gap_limit_s=settings.gap_limit_s)
        target = Target(settings, endpoint, ledger)
        try:
            learn(target)
        except NotTestable as reason:
            self.results.facts.not_testable = reason.reason
            self.results.facts.hint = reason.hint
            self.results.facts.server = ledger.server
            raise
        self.target = target
        start_observations(target, self.selected)

    def stop(self) -> None:
        """Stop what was started."""
        self._stack.close()

    def seen(self) -> dict[str, Any]:
        """Return what this process saw, JSON-ready: results by the ledger, and facts."""
        if self.target is None:
            return {"results": [], "facts": None}
        return {
            "results": [result.to_json() for result in self._ledger_results(self.target)],
            "facts": self._facts(self.target),
        }

    def _ledger_results(self, target: Target) -> list[Result]:
        found = []
        for id_, entry in target.ledger.all_findings():
            if id_ not in JUDGES:
                continue
            requirement = JUDGES[id_].requirement
            if not all(target.has(capability) for capability in requirement.needs):
                continue
            cause = target.ledger.cause(id_)
            found.append(
                Result(
                    requirement,
                    Outcome.BLOCKED if cause else Outcome.FAIL,
                    entry.judged,
                    cause=cause,
                    findings=list(entry.findings),
                )
            )
        return found

    def _facts(self, target: Target) -> dict[str, Any]:
        return {
            "url": target.endpoint.url,
            "server": target.ledger.server,
            "capabilities": {
                capability.value: self._capability(target, capability) for capability in Capability
            },
            "generated": target.generated,
            "exchanges": target.ledger.exchanges,
            "times": {
                "first_event": round(target.baseline.first_event_s, 4),
                "between_events": round(target.baseline.interval_s, 4),
                "stream": round(target.baseline.duration_s, 4),
                "refusal": round(target.baseline.refusal_s, 4),
                "served_within": round(target.baseline.served_within_s, 4),
            },
        }

    def _capability(self, target: Target, capability: Capability) -> str:
        declared = target.settings.capabilities.get(capability)
        if declared is not None:
            return "declared" if declared else "absent"
        return "detected" if target.has(capability) else "absent"


def endpoint_of(settings: Settings) -> Endpoint:
    """Return where requests go. Raises SettingsError for a URL that cannot be used."""
    try:
        return Endpoint.from_url(
            settings.url or "",
            path=settings.path,
            insecure=settings.insecure,
            ca_file=settings.ca_file,
        )
    except (TargetUrlError, OSError) as error:
        raise SettingsError(f"--target-url: {error}") from None
