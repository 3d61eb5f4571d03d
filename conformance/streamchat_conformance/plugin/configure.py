"""From options, environment and target file to checked settings."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from streamchat_conformance.catalogue import UnknownRequirementError, select
from streamchat_conformance.suite import settings as suite
from streamchat_conformance.suite.settings import Settings, SettingsError

URL_VARIABLE = "STREAMCHAT_TARGET_URL"


def checked_settings(config: pytest.Config) -> Settings:
    """Return the run's settings, checked before any request is sent.

    Raises pytest.UsageError (exit code 4) with one line that names the mistake and the cure.
    """
    from streamchat_conformance.plugin.state import endpoint_of

    try:
        settings = settings_from(config)
        if settings.url is not None:
            endpoint_of(settings)
        _check_globs(config)
        _check_report_file(config)
    except SettingsError as error:
        raise pytest.UsageError(f"streamchat-conformance: {error}") from None
    return settings


def _check_globs(config: pytest.Config) -> None:
    globs = config.getoption("--requirement")
    if globs:
        selected_ids(globs)


def selected_ids(globs: list[str]) -> set[str]:
    """Return the requirement ids that the globs leave. Raises SettingsError."""
    from streamchat_conformance.catalogue.complete import load_catalogue

    try:
        chosen = select(load_catalogue(), globs)
    except UnknownRequirementError as error:
        raise SettingsError(f"--requirement: {error}") from None
    if not chosen:
        raise SettingsError("--requirement: these globs leave nothing to run")
    return chosen


def _check_report_file(config: pytest.Config) -> None:
    file = config.getoption("--report-json")
    if file is None:
        return
    folder = Path(file).parent
    if Path(file).is_dir():
        raise SettingsError(f"--report-json: {file} is a folder; name a file")
    if not folder.is_dir():
        raise SettingsError(f"--report-json: the folder {folder} does not exist")
    if not os.access(folder, os.W_OK):
        raise SettingsError(f"--report-json: the folder {folder} is not writable")


_LIMIT_OPTIONS = {
    "--connect-limit": "connect_s",
    "--first-event-limit": "first_event_s",
    "--observation-limit": "observation_s",
    "--gap-limit": "gap_s",
}


def settings_from(config: pytest.Config) -> Settings:
    """Return the run's settings. Raises SettingsError, naming what is wrong."""
    file = config.getoption("--target-file")
    settings = suite.load_settings(Path(file)) if file else Settings()
    url = config.getoption("--target-url") or os.environ.get(URL_VARIABLE) or settings.url
    path = config.getoption("--endpoint-path")
    headers = tuple(suite.parse_header(text) for text in config.getoption("--target-header"))
    settings = replace(
        settings,
        url=url,
        path=suite.check_path(path) if path else settings.path,
        headers=(*settings.headers, *headers),
        insecure=config.getoption("--insecure") or settings.insecure,
        ca_file=config.getoption("--ca-file") or settings.ca_file,
    )
    settings = suite.with_limits(settings, _limits(config))
    settings = suite.with_capabilities(
        settings,
        yes=config.getoption("--capability"),
        no=config.getoption("--no-capability"),
    )
    thoroughness = config.getoption("--thoroughness")
    if thoroughness:
        settings = replace(settings, thoroughness=suite.parse_thoroughness(thoroughness))
    seed = config.getoption("--seed")
    if seed is not None:
        settings = replace(settings, seed=_whole("--seed", seed))
    fuzz = config.getoption("--fuzz-seconds")
    if fuzz is not None:
        settings = replace(settings, fuzz_seconds=_seconds("--fuzz-seconds", fuzz))
    if config.getoption("--fail-on") not in ("must", "should"):
        given = config.getoption("--fail-on")
        raise SettingsError(f"--fail-on {given!r} is unknown; known are must, should")
    return suite.check(settings)


def _limits(config: pytest.Config) -> dict[str, float]:
    given = {}
    for option, name in _LIMIT_OPTIONS.items():
        text = config.getoption(option)
        if text is not None:
            given[name] = _seconds(option, text)
    return given


def _seconds(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise SettingsError(f"{option} {text!r} is not a number of seconds") from None
    if not 0 < value < 86_400:
        raise SettingsError(f"{option} {text!r} must be above 0 and below 86400 seconds")
    return value


def _whole(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{option} {text!r} is not a whole number") from None
