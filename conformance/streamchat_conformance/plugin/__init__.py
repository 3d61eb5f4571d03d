"""The pytest plugin of the suite: options, the `target` fixture, outcomes and reports.

Found by pytest through its entry point. It stays out of every session that does not collect
the suite's own cases: nothing heavy is imported before that.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streamchat_conformance.plugin.options import add_options, any_given

if TYPE_CHECKING:
    from streamchat_conformance.plugin.session import SuiteSession
    from streamchat_conformance.suite.target.target import Target

_HOME = Path(__file__).resolve().parent.parent / "cases"
_SESSION = "streamchat-conformance-session"
_CASES = "streamchat_conformance.cases"
ID_PARAMETERS = frozenset({"judged_id", "decided_id"})
"""Parameters of a case that are the requirement's id: judged on what others send, or decided by
what the case itself sends."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the suite's options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Check the settings before anything is collected, if any of them was given."""
    if any_given(config):
        from streamchat_conformance.plugin.configure import checked_settings

        checked_settings(config)
    if any(map(_is_cases, config.args)):
        from streamchat_conformance.plugin.configure import cases_of_dialect

        # A dialect has cases of its own, in a folder of its own.
        config.args.extend(path for path in cases_of_dialect(config) if path not in config.args)


def _is_cases(argument: str) -> bool:
    """Return whether an argument asks for all the suite's cases: by their package or folder."""
    return argument == _CASES or Path(argument).resolve() == _HOME


def pytest_sessionstart(session: pytest.Session) -> None:
    """Prepare to gather results, where xdist's workers do the collecting."""
    config = session.config
    if config.pluginmanager.hasplugin("dsession"):
        from streamchat_conformance.plugin.collecting import GatheringSession

        config.pluginmanager.register(GatheringSession(config), _SESSION)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case for each requirement of the run's dialect that a test decides by its row."""
    rows = getattr(metafunc.function, "__own_rows__", ())
    if rows:
        from streamchat_conformance.plugin.configure import own_ids

        name = "judged_id" if "judged_id" in metafunc.fixturenames else "decided_id"
        metafunc.parametrize(name, own_ids(metafunc.config, rows))


def is_case(item: pytest.Item) -> bool:
    """Return whether a test is one of the suite's own cases."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return hasattr(item, "function") and (
        hasattr(item.function, "__requirement_id__") or not ID_PARAMETERS.isdisjoint(params)
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Take over when the suite's cases were collected: name, select and order them."""
    cases = [item for item in items if is_case(item)]
    if not cases:
        yield
        return
    from streamchat_conformance.plugin.repeating import CaseRepetition
    from streamchat_conformance.plugin.session import SuiteSession, id_of

    suite = SuiteSession(config)
    for item in cases:
        # Before `-k` chooses, so that it knows the requirements by their ids.
        item.extra_keyword_matches.add(id_of(item))
    yield
    # After everybody else: an order that another plugin made does not stand.
    suite.select(items, is_case)
    config.pluginmanager.register(suite, _SESSION)
    config.pluginmanager.register(CaseRepetition(id_of))
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        from streamchat_conformance.plugin.waiting import WaitingNotes

        def say(line: str) -> None:
            reporter.ensure_newline()
            reporter.line(line)

        notes = WaitingNotes(say, id_of, lambda: suite.state.settings.longest_wait_s)
        config.pluginmanager.register(notes)


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """Return the server under test: one for the session, so that properties may use it."""
    suite: SuiteSession | None = request.config.pluginmanager.get_plugin(_SESSION)
    if suite is None:
        raise pytest.UsageError("the fixture 'target' belongs to the suite's own cases")
    return suite.target
