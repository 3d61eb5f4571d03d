"""One run of the suite: settings, target, and what became of each requirement."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from streamchat_conformance.catalogue import Capability
from streamchat_conformance.checks.loading import failures
from streamchat_conformance.gate.command import TargetCommand, place_of
from streamchat_conformance.gate.shutdown import shut_down
from streamchat_conformance.gate.watchful_ledger import WatchfulLedger
from streamchat_conformance.judges import Rules, rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.recorder.errors import TargetUrlError
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.suite.budget.estimate import estimate_line
from streamchat_conformance.suite.budget.limits import LEAST_REQUESTS, CostLimits, Thoroughness
from streamchat_conformance.suite.budget.plan import PREFLIGHT, PricedCase, RunPlan, plan_run
from streamchat_conformance.suite.config.embedded_reference import EmbeddedServer, embedded_settings
from streamchat_conformance.suite.config.reach import is_public
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.config.typed import SettingsError
from streamchat_conformance.suite.scenarios.observations import (
    start_endless_observation,
    start_observations,
)
from streamchat_conformance.suite.target.deploying import deploy
from streamchat_conformance.suite.target.detection import detect
from streamchat_conformance.suite.target.overload import require_room
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.target.repeated_text import lacking
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.causes import ABANDONED, ALIVE
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import NotRun, NotTestable, Outcome
from streamchat_conformance.suite.verdicts.results import Result, Results

REMOTE = "; the target is neither on this machine nor in a private network: set a level for more"


class RunState:
    """Everything that lives as long as a run. `start` opens it, `stop` closes it."""

    def __init__(
        self,
        settings: Settings,
        selected: set[str],
        rules: Rules | None = None,
        *,
        workers: int = 1,
    ) -> None:
        self._workers = workers
        """How many processes share the run, and its limits."""
        self.rules = rules or rules_of(settings.dialect.name)
        self.settings = settings
        self._whole = settings
        """The settings of the whole run, where several processes share it."""
        self.selected = selected
        self.results = Results(self.rules)
        self.plan = RunPlan()
        self.target: Target | None = None
        self.command: TargetCommand | None = None
        self.interrupted = threading.Event()
        """Whether the run is to end at once."""
        self._process: dict[str, Any] = {}
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self._clock = time.monotonic()
        self._observing = False
        self._stack = contextlib.ExitStack()

    @property
    def duration_s(self) -> float:
        """How long the run has taken (seconds)."""
        return time.monotonic() - self._clock

    def prepare(self, cases: Sequence[PricedCase]) -> str:
        """Decide what to send; return it in one line. Nothing is sent yet."""
        settings = self.settings
        remote = False
        if settings.url is not None and not settings.thoroughness_given:
            remote = is_public(endpoint_of(settings), settings.limits)
        if remote:
            self.settings = settings = replace(settings, thoroughness=Thoroughness.SMOKE)
        limits = settings.cost_limits
        self.plan = plan_run(cases, limits, before=self._before(limits))
        self._whole, self.settings = settings, shared_among(self._workers, settings)
        return estimate_line(self.plan, limits, self.limit) + (REMOTE if remote else "")

    def _before(self, limits: CostLimits) -> int:
        """Return about how many requests come before the first case."""
        dialect, needed = self.settings.dialect, self._needed()
        detected = sum(
            detector is not None and capability in needed
            for capability, detector in dialect.capabilities.items()
        )
        texts = len(dialect.requests.refusable) if limits.learns_texts else 0
        return PREFLIGHT + detected + texts

    def start(self) -> None:
        """Start the embedded server if there is no URL, and run the preflight.

        Raises NotTestable when the target cannot be tested.
        """
        settings = self.settings
        if settings.command is not None:
            settings = self._start_command(settings, settings.command)
        elif settings.url is None:
            server = self._stack.enter_context(EmbeddedServer(settings.dialect.reference_options))
            settings = embedded_settings(settings, server.url)
        self.settings = settings
        endpoint = endpoint_of(settings)
        self.results.facts.url = endpoint.url
        ledger = self._ledger(endpoint, settings)
        target = Target(settings, endpoint, ledger)
        target.bounds.interrupted = self.interrupted
        target.bounds.plan = self.plan
        try:
            deploy(target)
            run_preflight(target)
            require_room(target)
            detect(target, self._needed())
        except NotRun as reason:
            put_off = (
                f" ({many} were put off by 429 or 503)"
                if (many := target.bounds.retries.put_off)
                else ""
            )
            self.results.facts.not_testable = (
                f"{reason}{put_off} before it was known what the target does"
            )
            self.results.facts.hint = "allow more with --max-requests, or send slower with --rate"
            self.results.facts.server = ledger.server
            raise NotTestable(self.results.facts.not_testable) from None
        except NotTestable as reason:
            self.results.facts.not_testable = reason.reason
            self.results.facts.hint = reason.hint
            self.results.facts.server = ledger.server
            raise
        self.target = target

    def _chosen(self) -> set[str]:
        """Return the requirements that are run."""
        return self.selected.difference(self.plan.left_out)

    def _needed(self) -> set[Capability]:
        """Return the capabilities that the selected requirements need."""
        return {need for id_ in self._chosen() for need in self.rules.catalogue[id_].needs}

    def observe(self) -> None:
        """Start the slow observations, once."""
        if self.target is not None and not self._observing:
            self._observing = True
            # A target that serves one after the other is observed when its turn comes.
            selected = self._chosen()
            if self.target.serial:
                selected = set()
            # Whoever needs what could not be learned reports it.
            with contextlib.suppress(NotRun):
                start_observations(self.target, selected)

    def observe_endless(self) -> None:
        """Start the observation that takes longest where a target's streams have no end."""
        if self.target is not None and not self.target.serial:
            start_endless_observation(self.target, self._chosen())

    def _start_command(self, settings: Settings, command: str) -> Settings:
        """Start the server under test; return the settings with its URL. Raises NotTestable."""
        place = place_of(settings.url) if settings.url is not None else None
        server = TargetCommand(command, place=place, start_s=settings.start_s)
        try:
            self.command = self._stack.enter_context(server)
        except NotTestable as reason:
            redactor = Redactor(settings.confidential)
            self.results.facts.not_testable = redactor.text(reason.reason)
            self.results.facts.hint = redactor.text(reason.hint)
            raise
        return settings if place is not None else replace(settings, url=server.url)

    def _ledger(self, endpoint: Endpoint, settings: Settings) -> Ledger:
        path, gap_limit_s = endpoint.path, settings.gap_limit_s
        if self.command is None:
            return Ledger(path=path, gap_limit_s=gap_limit_s, rules=self.rules)
        return WatchfulLedger(self.command, path=path, gap_limit_s=gap_limit_s, rules=self.rules)

    def stop(self) -> None:
        """Stop what was started, and note how a server that was started ends."""
        command = self.command
        if command is not None and not self._process:
            stream = shut_down(command, None if self.interrupted.is_set() else self.target)
            self._process = command.facts(clean=Redactor(self.settings.confidential).text)
            if stream:
                self._process["shutdown"]["stream"] = stream
        self._stack.close()

    def seen(self) -> dict[str, Any]:
        """Return what this process saw, JSON-ready: results by the ledger, and facts."""
        if self.target is None:
            return {"results": [], "certain": [], "causes": {}, "sound": {}, "facts": None}
        return {
            "results": [result.to_json() for result in self._ledger_results(self.target)],
            "certain": [
                result.to_json() for result in (*self._ends(self.target), *self._failed_checks())
            ],
            "causes": self._causes(self.target),
            "sound": {
                id_: entry.judged
                for id_, entry in list(self.target.ledger.entries.items())
                if entry.sound
            },
            "facts": self._facts(self.target),
        }

    def _ends(self, target: Target) -> list[Result]:
        """Return what ended the server as a failure: its process's end, or abandoned streams.

        It stands whichever requirements were selected: nothing after it was judged.
        """
        ledger = target.ledger
        died = isinstance(ledger, WatchfulLedger) and ledger.enter_death()
        ends = [ALIVE] if died else []
        ends += [ABANDONED] if ledger.red(ABANDONED) else []
        return [
            Result(
                self.rules.catalogue[id_],
                Outcome.FAIL,
                ledger.entries[id_].judged,
                findings=[*ledger.entries[id_].findings],
            )
            for id_ in ends
        ]

    def _failed_checks(self) -> list[Result]:
        """Return the custom checks that failed themselves, of those that are run."""
        return [
            Result(self.rules.catalogue[id_], Outcome.ERROR, reason=failure)
            for id_, failure in failures(self.rules).items()
            if id_ in self.selected
        ]

    def _causes(self, target: Target) -> dict[str, str]:
        """Return what explains a red requirement, now that everything was seen."""
        red = target.known.failed.union(id_ for id_, _ in target.ledger.all_findings())
        causes = {id_: target.ledger.cause(id_, target.known.failed) for id_ in sorted(red)}
        return {id_: cause for id_, cause in causes.items() if cause}

    def _ledger_results(self, target: Target) -> list[Result]:
        found = []
        for id_, entry in target.ledger.all_findings():
            if id_ not in self.rules.judges:
                continue
            requirement = self.rules.catalogue[id_]
            if lacking(target, requirement) is not None:
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
            "capabilities": target.known.capabilities.stated(),
            "generated": target.bounds.generated,
            "requests": self._requests(target),
            "exchanges": target.ledger.exchanges,
            "streams": target.ledger.streams,
            "process": self._process,
            "times": {
                "first_event": round(target.baseline.first_event_s, 4),
                "between_events": round(target.baseline.interval_s, 4),
                "stream": round(target.baseline.duration_s, 4),
                "refusal": round(target.baseline.refusal_s, 4),
                "served_within": round(target.known.served_within_s, 4),
            },
        }

    def _requests(self, target: Target) -> dict[str, Any]:
        limits = self._whole.cost_limits
        return {
            "expected": self.plan.requests,
            "sent": target.bounds.budget.sent,
            "put_off": target.bounds.retries.put_off,
            "waited_s": round(target.bounds.retries.waited_s, 1),
            "max": limits.max_requests,
            "rate": limits.rate.text if limits.rate is not None else None,
            "thoroughness": self.settings.thoroughness.value,
            "limit": self.limit,
        }

    @property
    def limited(self) -> bool:
        """Whether requests were left out that would have shown more."""
        exhausted = self.target is not None and self.target.bounds.budget.exhausted
        return bool(self.plan.left_out) or exhausted

    @property
    def limit(self) -> str:
        """What bounds the requests of the run, as the user would set it."""
        settings = self._whole
        parts = [f"--thoroughness {settings.thoroughness}"]
        if settings.max_requests is not None:
            parts.append(f"--max-requests {settings.max_requests}")
        if settings.rate is not None:
            parts.append(f"--rate {settings.rate.text}")
        return " ".join(parts)


def shared_among(workers: int, settings: Settings) -> Settings:
    """Return the settings for one of several processes: each has its share of the limits."""
    most, rate = settings.cost_limits.max_requests, settings.rate
    if workers == 1:
        return settings
    return replace(
        settings,
        max_requests=None if most is None else max(LEAST_REQUESTS, most // workers),
        rate=None if rate is None else replace(rate, interval_s=rate.interval_s * workers),
    )


def endpoint_of(settings: Settings) -> Endpoint:
    """Return where requests go. Raises SettingsError for a URL that cannot be used."""
    try:
        return Endpoint.from_url(
            settings.url or "",
            base=settings.dialect.base,
            path=settings.path or settings.dialect.path,
            parameters=settings.parameters,
            insecure=settings.insecure,
            ca_file=settings.ca_file,
        )
    except (TargetUrlError, OSError) as error:
        raise SettingsError(f"--target-url: {error}") from None
