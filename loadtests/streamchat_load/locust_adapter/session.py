"""A run from its options to its reports, in one process or many.

Locally one process does everything. With workers the master runs the preflight and sends what it
learned with the plan to each worker; workers report what is new in their ledgers with locust's
own reports; at the end each delivers the rest with a message, and the master waits for those,
so that its sums are exact.
"""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
import gevent.event
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.dialects.registry import load_dialect
from streamchat_load.errors import LoadUsageError
from streamchat_load.locust_adapter.options import LoadChoices, read_choices
from streamchat_load.metrics.ledger import LoadLedger
from streamchat_load.metrics.summary import RunInfo, summarize
from streamchat_load.preflight.preflight import PreflightResult, run_preflight
from streamchat_load.report import html_report, json_report, junit_report, text_report
from streamchat_load.runner.load_run import LoadRun
from streamchat_load.runner.settings import DRAIN_S, LoadSettings
from streamchat_load.verdict.verdict import ExitCode, LoadVerdict, judge
from streamchat_load.verification.oracle import Oracle

if TYPE_CHECKING:
    from locust.env import Environment

    from streamchat_load.client.reading import StreamReading
    from streamchat_load.dialects.dialect import LoadDialect
    from streamchat_load.profiles.plan import LoadPlan

BEGIN, FINISH, FINAL = "streamchat_begin", "streamchat_finish", "streamchat_final"
"""Messages: master to worker, master to worker, worker to master."""

CONNECT_LIMIT_S = 10.0
"""How long a master that will not run waits for its own workers, to stop them."""

YOUNG_OBJECTS_LIMIT = 20_000
"""New objects before the collector looks at them: hardly any of a load run's are in cycles."""

LATE_START_LIMIT_S = 5.0
"""How long a worker that has not even begun when the run ends waits to begin."""

WORKER_LOOK_S = 0.25
"""How often the master looks whether the workers that it waits for are still there."""

DRAIN_STREAMS = 2.0
"""How many times the length of a stream open streams may go on when the run is over."""

FINAL_LIMIT_S = 20.0
"""How long the master waits for the workers' last figures, beyond the time to drain."""


class LoadSession:
    """The state of a run in one process, over all of locust's events."""

    def __init__(self, environment: Environment, dialect: LoadDialect) -> None:
        self.environment = environment
        self.dialect = dialect
        self.by_page = False
        """Runs are started from locust's page, each with what its form says."""
        self.began = False
        self.problem = ""
        """Why the last run that was asked for on the page did not begin."""
        self.choices: LoadChoices | None = None
        self._preflight_settings: LoadSettings | None = None
        self.preflight: PreflightResult | None = None
        self.run: LoadRun | None = None
        self.plan: LoadPlan | None = None
        self.sums = LoadLedger()
        self.slots = 1
        self.started_s = perf_counter()
        self.started_epoch_s = time.time()
        self.ended_s: float | None = None
        self._drain_s = DRAIN_S
        self._awaited: dict[int, str] = {}
        """Workers by slot whose last figures have not come yet."""
        self._all_final: Any = gevent.event.Event()
        self._finishing = False
        self._begun: dict[str, Any] | None = None
        self.is_worker = isinstance(environment.runner, WorkerRunner)
        self.is_master = isinstance(environment.runner, MasterRunner)

    # Before the load

    def choose(self) -> LoadChoices:
        """Check the options: then there is a plan. Raises LoadUsageError."""
        options = self.environment.parsed_options
        if options is None:
            raise LoadUsageError("the load tests need locust's command line")
        self.choices = read_choices(
            options, self.environment.host, self.dialect, by_page=self.by_page
        )
        self.dialect = self.choices.dialect
        self.plan = self.choices.settings.plan()
        return self.choices

    def prepare(self) -> None:
        """Check the options and run the preflight. Raises LoadUsageError."""
        choices = self.choose()
        self._preflight(choices)

    def _preflight(self, choices: LoadChoices) -> PreflightResult:
        """Run the preflight, unless that was done already for these settings."""
        asked = replace(choices.settings, seed=0)
        if self.preflight is None or self._preflight_settings != asked:
            self.preflight = None
            self.preflight = run_preflight(
                choices.settings,
                self.dialect,
                limit_s=choices.preflight_limit_s,
                progress=print_line,
            )
            self._preflight_settings = asked
        self.dialect = self.preflight.dialect or self.dialect
        return self.preflight

    def refuse(self, error: LoadUsageError) -> None:
        """Keep and print why no run begins."""
        self.problem = str(error)
        print_line(self.problem)

    def run_s(self, since_asked_s: float) -> float:
        """Return how long the run has been on: the preflight is not part of it."""
        return min(since_asked_s, perf_counter() - self.started_s)

    def begin(self) -> None:
        """Start the run in this process, or let the workers start it."""
        if self.is_worker:
            if self._begun is not None:
                self._start_run(**self._begun)
            return
        choices = self.choices or self.choose()
        found = self._preflight(choices)
        settings = choices.settings
        if settings.drain_s is None:
            # So that streams which began just before the end can be read to theirs.
            drain_s = min(settings.stream_limit_s, max(DRAIN_S, found.stream_s * DRAIN_STREAMS))
            settings = replace(settings, drain_s=drain_s)
        settings = replace(settings, form=dict(self.dialect.dump()))
        self._drain_s = settings.drain_s or 0.0
        self.began, self.problem, self.sums = True, "", LoadLedger()
        self.started_s, self.started_epoch_s = perf_counter(), time.time()
        self.ended_s, self._finishing = None, False
        message = {
            "settings": settings.dump(),
            "oracles": {name: oracle.dump() for name, oracle in found.oracles.items()},
        }
        runner: Any = self.environment.runner
        if self.is_master:
            workers = [client.id for client in runner.clients.all]
            self.slots = max(1, len(workers))
            self._awaited = dict(enumerate(workers))
            self._all_final.clear()
            for slot, worker in enumerate(workers):
                begin = {**message, "slot": slot, "slots": len(workers)}
                runner.send_message(BEGIN, begin, client_id=worker)
            return
        self._start_run(**message, slot=0, slots=1)

    def dismiss(self) -> None:
        """Master: there will be no run; stop the workers of this machine, which wait for one."""
        runner, options = self.environment.runner, self.environment.parsed_options
        if not isinstance(runner, MasterRunner) or options is None:
            return
        until_s = perf_counter() + CONNECT_LIMIT_S
        own = options.expect_workers if options.processes else 0
        while len(runner.clients) < own and perf_counter() < until_s:
            gevent.sleep(0.05)
        runner.quit()

    def accept(self, message: dict[str, Any]) -> None:
        """Worker: keep what the master sent; the run starts with locust's test."""
        self._begun = message

    def _start_run(
        self, settings: dict[str, Any], oracles: dict[str, Any], slot: int, slots: int
    ) -> None:
        found = LoadSettings(**settings)
        if found.dialect:
            self.dialect = load_dialect(found.dialect, found.form)
        self.run = LoadRun(
            found,
            self.dialect,
            {name: Oracle.load(known) for name, known in oracles.items()},
            slot=slot,
            slots=slots,
            on_close=self._fire_locust_events,
        )
        self.plan = self.run.plan
        # Imported modules stay: the collector need not visit them again, which would show as
        # pauses of the generator.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS_LIMIT)
        self.run.start()

    def _fire_locust_events(self, reading: StreamReading) -> None:
        """Fill locust's own table: the whole request, and the first event."""
        fire: Any = self.environment.events.request.fire
        failure = None
        if reading.outcome is StreamOutcome.FAULTY and reading.evidence is not None:
            failure = f"{reading.evidence.fault.value}: {reading.evidence.message}"
        elif reading.outcome is StreamOutcome.FAILED:
            failure = reading.failure
        name = self.dialect.path
        for what, at_s in (
            ("first event", reading.first_event_s),
            ("first text", reading.first_text_s),
        ):
            if at_s is not None:
                fire(
                    request_type="SSE",
                    name=f"{name} {what}",
                    response_time=(at_s - reading.due_s) * 1000,
                    response_length=0,
                    exception=None,
                    context={},
                )
        fire(
            request_type="POST",
            name=name,
            response_time=(reading.ended_s - reading.due_s) * 1000,
            response_length=reading.body_bytes,
            exception=RuntimeError(failure) if failure else None,
            context={},
        )

    # Sums

    def report(self) -> dict[str, Any] | None:
        """Worker: return what is new since the last report."""
        return None if self.run is None else self.run.recorder.ledger.take().dump()

    def add(self, dumped: dict[str, Any]) -> None:
        """Master: add a worker's report."""
        self.sums.merge(LoadLedger.load(dumped))

    def add_final(self, worker: str, message: dict[str, Any]) -> None:
        """Master: add a worker's last report."""
        hooks: Any = self.environment.events
        hooks.worker_report.fire(client_id=worker, data=message["report"])
        self._awaited.pop(message["slot"], None)
        if not self._awaited:
            self._all_final.set()

    # The end

    def finish(self) -> None:
        """End the run and gather all figures; a second call returns immediately."""
        if self._finishing or self.is_worker or self.choices is None:
            return
        self._finishing = True
        runner: Any = self.environment.runner
        if self.is_master:
            if self._awaited:
                runner.send_message(FINISH, {})
                self._await_workers(self._drain_s + FINAL_LIMIT_S)
        elif self.run is not None:
            self.run.finish()
            self.sums.merge(self.run.recorder.ledger.take())
        self.ended_s = perf_counter()

    def _await_workers(self, limit_s: float) -> None:
        """Master: wait for the last figures of all workers that are still there."""
        clients: Any = getattr(self.environment.runner, "clients", {})
        until_s = perf_counter() + limit_s
        while perf_counter() < until_s and not self._all_final.wait(WORKER_LOOK_S):
            states = {client.id: client.state for client in clients.all}
            if all(
                states.get(id_, STATE_MISSING) == STATE_MISSING for id_ in self._awaited.values()
            ):
                return

    def finish_worker(self) -> None:
        """Worker: end its part and deliver the rest of its figures."""
        until_s = perf_counter() + LATE_START_LIMIT_S
        while self.run is None and self._begun is not None and perf_counter() < until_s:
            gevent.sleep(0.05)
        run, runner = self.run, self.environment.runner
        if run is None or not isinstance(runner, WorkerRunner):
            return
        run.finish()
        # With locust's own figures: it waits for them only half a second, however busy it is.
        report: dict[str, Any] = {}
        hooks: Any = self.environment.events
        hooks.report_to_master.fire(client_id=runner.client_id, data=report)
        runner.send_message(FINAL, {"report": report, "slot": run.slot})

    def info(self) -> RunInfo:
        """Return what reports say of the run, apart from the figures."""
        if self.choices is None or self.plan is None:
            raise LoadUsageError("there was no run")
        ends = [*(start for start, _ in self.plan.phases[1:]), self.plan.duration_s]
        lengths_s = {
            name: end - start for (start, name), end in zip(self.plan.phases, ends, strict=True)
        }
        settings = self.choices.settings
        return RunInfo(
            target=settings.endpoint(self.dialect).url,
            profile=settings.profile,
            parameters=dict(settings.parameters),
            seed=settings.seed,
            processes=self.slots,
            planned_s=self.plan.duration_s,
            started_epoch_s=self.started_epoch_s,
            elapsed_s=(self.ended_s or perf_counter()) - self.started_s,
            notes=self.preflight.notes if self.preflight else (),
            preflight_streams=self.preflight.streams if self.preflight else 0,
            phase_lengths_s=lengths_s,
            planned_users=self.plan.mean_users(),
            limits_ms=dict(settings.limits_ms),
        )

    def snapshot(self) -> tuple[dict[str, Any], LoadVerdict]:
        """Return the figures so far, and the verdict on them."""
        if self.problem:
            raise LoadUsageError(self.problem)
        if self.choices is None:
            raise LoadUsageError("there was no run")
        ledger = LoadLedger()
        ledger.merge(self.sums)
        if self.run is not None and not self._finishing:
            ledger.merge(self.run.recorder.ledger)
        info = self.info()
        verdict = judge(
            ledger,
            info,
            self.choices.thresholds,
            lag_limit_ms=self.choices.lag_limit_ms,
            missing_workers=len(self._awaited) if self._finishing else 0,
        )
        return summarize(ledger, info), verdict

    def conclude(self) -> tuple[str, ExitCode]:
        """Write the reports; return the table for the terminal and the exit code."""
        self.finish()
        summary, verdict = self.snapshot()
        choices = self.choices
        code = verdict.exit
        if choices is not None:
            for file, content in (
                (choices.json_file, json_report.render(summary, verdict).encode("utf-8")),
                (choices.html_file, html_report.render(summary, verdict).encode("utf-8")),
                (choices.junit_file, junit_report.render(summary, verdict)),
            ):
                if file is not None and not _write(file, content):
                    code = code or ExitCode.USAGE
        return text_report.render(summary, verdict), code


def _write(file: str, content: bytes) -> bool:
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(content)
    except OSError as error:
        print_line(f"the report {file!r} cannot be written: {error.strerror}")
        return False
    return True


def print_line(message: str) -> None:
    """Print a line for the user."""
    sys.stderr.write(f"streamchat load: {text_report.printable(message)}\n")
    sys.stderr.flush()
