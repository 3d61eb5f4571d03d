"""The load tests as locust sees them: its events, its `User`, its shape."""

from __future__ import annotations

import io
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from locust import LoadTestShape, User, events, task
from locust.runners import STATE_INIT, MasterRunner, WorkerRunner

from streamchat_load.dialects.dialect import LoadDialect
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.errors import LoadUsageError
from streamchat_load.locust_adapter.options import add_options
from streamchat_load.locust_adapter.session import BEGIN, FINAL, FINISH, LoadSession, print_line
from streamchat_load.locust_adapter.web_page import add_pages
from streamchat_load.verdict.verdict import ExitCode

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from locust.env import Environment

    from streamchat_load.runner.load_run import LoadRun
    from streamchat_load.runner.virtual_user import VirtualUser

SPAWN_RATE = 100.0
"""Users that locust makes in a second, at least: the plan, not locust, decides when they begin."""

_sessions: dict[int, LoadSession] = {}


class StreamUser(User):
    """A user that opens one stream after another, as the profile says.

    Subclass it with another `dialect` to load another kind of endpoint.
    """

    abstract = True
    dialect: ClassVar[LoadDialect] = StreamChatDialect()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._user: VirtualUser | None = None
        self._run: LoadRun | None = None

    @task
    def act(self) -> None:
        """Open one stream and read it, or wait for this user's turn."""
        run = _sessions[id(self.environment)].run
        if run is None:
            gevent.sleep(0.1)
            return
        if self._run is not run or self._user is None:
            self._run, self._user = run, run.add_user()
        run.act(self._user)


class ProfileShape(LoadTestShape):
    """The profile's number of users over time. Users that are not needed any more wait."""

    abstract = True
    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be; None when the run is over."""
        runner = self.runner
        session = _sessions.get(id(runner.environment)) if runner else None
        if session is None or runner is None:
            return None
        if session.by_page and runner.state == STATE_INIT:
            # The page's form may have changed since the last run.
            try:
                session.choose()
            except LoadUsageError as error:
                session.refuse(error)
                return None
        if session.plan is None:
            return None
        run_s = session.run_s(self._run_s())
        left_s = session.plan.duration_s - run_s
        # locust asks once a second; the first answer starts the users, however short the run.
        if left_s < 1.0 and run_s > 0.5:
            gevent.sleep(max(0.0, left_s))
            return None
        if session.plan.users is None:
            # One user in each process sends the arrivals.
            workers = runner.clients if isinstance(runner, MasterRunner) else (1,)
            return len(workers), SPAWN_RATE
        # locust asks once a second: those of the next second must be there by then.
        users = session.plan.users_until(run_s + 1.0)
        return users, max(float(users), SPAWN_RATE)

    def _run_s(self) -> float:
        clock: Any = self.get_run_time
        return float(clock())


def register() -> None:
    """Join locust's events. To be called once, by the locustfile."""
    hooks: Any = events
    hooks.init_command_line_parser.add_listener(_on_parser)
    hooks.init.add_listener(_on_init)
    hooks.test_start.add_listener(_on_test_start)
    hooks.test_stopping.add_listener(_on_test_stopping)
    hooks.report_to_master.add_listener(_on_report_to_master)
    hooks.worker_report.add_listener(_on_worker_report)
    hooks.quitting.add_listener(_on_quitting)
    hooks.quit.add_listener(_on_quit)


def _on_parser(parser: ArgumentParser, **_: Any) -> None:
    add_options(parser)


def _on_init(environment: Environment, web_ui: Any, **_: Any) -> None:
    users = [user for user in environment.user_classes if issubclass(user, StreamUser)]
    dialect = users[0].dialect if users else StreamChatDialect()
    session = _sessions[id(environment)] = LoadSession(environment, dialect)
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message(BEGIN, lambda msg, **_: session.accept(msg.data))
        runner.register_message(FINISH, lambda **_: gevent.spawn(session.finish_worker) and None)
        return
    if isinstance(runner, MasterRunner):
        runner.register_message(FINAL, lambda msg, **_: session.add_final(msg.node_id, msg.data))
    if web_ui is not None:
        session.by_page = True
        add_pages(web_ui, session)
    if web_ui is None or environment.host:
        _prepare(session)
    if web_ui is None and runner is not None:
        # Without its page locust handles this signal only when a run of a shape is over.
        gevent.signal_handler(signal.SIGTERM, gevent.spawn, runner.quit)


def _prepare(session: LoadSession) -> None:
    """Run the preflight; exit if no run is possible, or the user interrupts it."""
    try:
        with _interruptible():
            session.prepare()
    except (LoadUsageError, KeyboardInterrupt) as error:
        said = str(error) if isinstance(error, LoadUsageError) else "interrupted before any load"
        print_line(said)
        session.dismiss()
        sys.exit(int(ExitCode.USAGE))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let both signals raise KeyboardInterrupt in this greenlet, whichever one is running."""
    here = gevent.getcurrent()
    handlers: dict[signal.Signals, Any] = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
    }
    # A process in a shell's background ignores Ctrl-C, and continues to.
    handled = {number for number, handler in handlers.items() if handler is not signal.SIG_IGN}
    watchers = [
        gevent.signal_handler(number, gevent.kill, here, KeyboardInterrupt) for number in handled
    ]
    try:
        yield
    finally:
        for watcher in watchers:
            watcher.cancel()
        # The loop leaves the system's own handlers behind.
        for number in handled:
            signal.signal(number, handlers[number])


def _session(environment: Environment | None = None) -> LoadSession | None:
    if environment is not None:
        return _sessions.get(id(environment))
    return next(iter(_sessions.values()), None)


def _on_test_start(environment: Environment, **_: Any) -> None:
    session = _session(environment)
    if session is None:
        return
    try:
        session.begin()
    except LoadUsageError as error:
        # Only from the web page, where the target is named late.
        session.refuse(error)
        runner = environment.runner
        if runner is not None:
            gevent.spawn(runner.stop)


def _on_test_stopping(environment: Environment, **_: Any) -> None:
    session = _session(environment)
    if session is not None:
        session.finish()


def _on_report_to_master(data: dict[str, Any], **_: Any) -> None:
    session = _session()
    ledger = session.report() if session is not None else None
    if ledger is not None:
        data["streamchat"] = ledger


def _on_worker_report(data: dict[str, Any], **_: Any) -> None:
    session = _session()
    if session is not None and "streamchat" in data:
        session.add(data["streamchat"])


_conclusions: list[str] = []


def _on_quitting(environment: Environment, **_: Any) -> None:
    session = _session(environment)
    if session is None or session.is_worker or session.choices is None:
        return
    if session.by_page and (session.problem or not session.began):
        environment.process_exit_code = int(ExitCode.USAGE if session.problem else ExitCode.GOOD)
        return
    table, code = session.conclude()
    _conclusions.append(table)
    environment.process_exit_code = int(code)


def _on_quit(**_: Any) -> None:
    """Print the table after locust's own."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Characters that the terminal's encoding lacks are shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    for table in _conclusions:
        sys.stdout.write(table + "\n")
    sys.stdout.flush()
