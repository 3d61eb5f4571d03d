"""Checked settings from options, environment and target file."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from streamchat_conformance.catalogue import SHARED, Layer, UnknownRequirementError, select
from streamchat_conformance.checks import cases as check_cases
from streamchat_conformance.checks.loading import RUN_CHECKS, load_checks, with_checks
from streamchat_conformance.core.secrets import declare_secret
from streamchat_conformance.gate.command import check_command
from streamchat_conformance.gate.known_failures import KnownFailures, load_known_failures
from streamchat_conformance.judges import Rules, rules_of
from streamchat_conformance.plugin.writing import check_report_files
from streamchat_conformance.recorder.limits import Limits
from streamchat_conformance.report.files import WriteError, check_writable
from streamchat_conformance.rule_sets.choosing import with_rule_set
from streamchat_conformance.rule_sets.frozen import UnknownRuleSetError
from streamchat_conformance.suite.config import settings as suite
from streamchat_conformance.suite.config.deploying import with_model
from streamchat_conformance.suite.config.headers import parse_header
from streamchat_conformance.suite.config.levels import with_levels
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.config.typed import SettingsError

URL_VARIABLE = "STREAMCHAT_TARGET_URL"
FAIL_ON = ("must", "should")
"""Values of --fail-on."""
_KNOWN_FAILURES = pytest.StashKey[KnownFailures]()
_RULES = pytest.StashKey[Rules]()


def checked_settings(config: pytest.Config) -> Settings:
    """Return the run's settings, checked before any request is sent.

    Raises pytest.UsageError (exit code 4) with one line that names the mistake and the cure.
    """
    from streamchat_conformance.plugin.state import endpoint_of

    try:
        for name in config.getoption("--secret-header"):
            _declare_secret(name)
        settings = settings_from(config)
        # Whatever its name: what carries a key is a secret.
        _declare_secret(settings.dialect.key_name)
        if settings.url is not None:
            endpoint_of(settings)
        if settings.command is not None:
            check_command(settings.command, settings.url)
        _check_globs(config, rules_for_run(config, settings))
        check_report_files(config)
        known_failures_of(config, rules_for_run(config, settings))
    except SettingsError as error:
        raise pytest.UsageError(f"streamchat-conformance: {error}") from None
    return settings


def rules_for_run(config: pytest.Config, settings: Settings) -> Rules:
    """Return what the run holds its target to, with custom checks and levels of the user's.

    Raises SettingsError.
    """
    rules = config.stash.get(_RULES, None)
    if rules is None:
        checks = load_checks(config.getoption("--checks"))
        rules = with_checks(_frozen(settings), checks)
        rules = with_levels(rules, settings.levels, settings.file)
        config.stash[_RULES], config.stash[RUN_CHECKS] = rules, checks
    return rules


def _frozen(settings: Settings) -> Rules:
    """Return the rules of the run's rule set. Raises SettingsError."""
    try:
        return with_rule_set(rules_of(settings.dialect.name), settings.rules)
    except UnknownRuleSetError as error:
        raise SettingsError(f"--rules: {error}") from None


def _check_globs(config: pytest.Config, rules: Rules) -> None:
    selected_ids(rules, config.getoption("--requirement"), layer_of(config))


def layer_of(config: pytest.Config) -> Layer | None:
    """Return the layer that was selected, or None for both. Raises SettingsError."""
    given = config.getoption("--layer")
    if given is None:
        return None
    try:
        return Layer(given)
    except ValueError:
        known = ", ".join(Layer)
        raise SettingsError(f"--layer {given!r} is unknown; known are {known}") from None


def selected_ids(rules: Rules, globs: list[str], layer: Layer | None = None) -> set[str]:
    """Return the requirement ids that the globs and the layer leave. Raises SettingsError."""
    catalogue = rules.catalogue
    try:
        chosen = select(catalogue, globs)
    except UnknownRequirementError as error:
        raise SettingsError(f"--requirement: {error}") from None
    if not chosen:
        raise SettingsError("--requirement: these globs leave nothing to run")
    if layer is not None:
        chosen = {id_ for id_ in chosen if catalogue[id_].layer is layer}
        if not chosen:
            raise SettingsError(
                f"--layer {layer}: --requirement leaves nothing of this layer to run; "
                "'streamchat-conformance list' shows each requirement's layer"
            )
    return chosen


def _declare_secret(name: str) -> None:
    try:
        declare_secret(name)
    except ValueError as error:
        raise SettingsError(f"--secret-header: {error}") from None


def known_failures_of(config: pytest.Config, rules: Rules) -> KnownFailures:
    """Return the run's list of known failures, read once. Raises SettingsError."""
    known = config.stash.get(_KNOWN_FAILURES, None)
    if known is None:
        known = config.stash[_KNOWN_FAILURES] = _read_known_failures(config, rules)
    return known


def _read_known_failures(config: pytest.Config, rules: Rules) -> KnownFailures:
    file = config.getoption("--known-failures")
    update = config.getoption("--update-known-failures")
    if not file:
        if update:
            raise SettingsError(
                "--update-known-failures: name the file to write with --known-failures FILE.toml"
            )
        return KnownFailures()
    if update:
        try:
            check_writable("--known-failures", Path(file))
        except WriteError as error:
            raise SettingsError(str(error)) from None
    return load_known_failures(Path(file), rules.catalogue, may_be_new=update)


_LIMIT_OPTIONS = {
    "--start-limit": "start_s",
    "--connect-limit": "connect_s",
    "--first-event-limit": "first_event_s",
    "--observation-limit": "observation_s",
    "--gap-limit": "gap_s",
}


def settings_from(config: pytest.Config) -> Settings:
    """Return the run's settings. Raises SettingsError, naming what is wrong."""
    file = config.getoption("--target-file")
    name = config.getoption("--dialect")
    dialect = suite.parse_dialect(name) if name else None
    settings = suite.load_settings(Path(file), dialect) if file else Settings()
    settings = settings if dialect is None else replace(settings, dialect=dialect)
    url, command = _where(config, settings)
    path = config.getoption("--endpoint-path")
    headers = tuple(parse_header(text) for text in config.getoption("--target-header"))
    settings = replace(
        settings,
        url=url,
        command=command,
        path=suite.check_path(path) if path else settings.path,
        headers=(*settings.headers, *headers),
        rules=config.getoption("--rules") or settings.rules,
        insecure=config.getoption("--insecure") or settings.insecure,
        ca_file=config.getoption("--ca-file") or settings.ca_file,
    )
    settings = _with_deployment(config, settings)
    settings = suite.with_dialect_known(settings)
    if settings.dialect.first_event_s is not None and settings.limits == Limits():
        settings = suite.with_limits(settings, {"first_event_s": settings.dialect.first_event_s})
    settings = suite.with_limits(settings, _limits(config))
    settings = suite.with_capabilities(
        settings,
        yes=config.getoption("--capability"),
        no=config.getoption("--no-capability"),
    )
    thoroughness = config.getoption("--thoroughness")
    if thoroughness:
        level = suite.parse_thoroughness(thoroughness)
        settings = replace(settings, thoroughness=level, thoroughness_given=True)
    most = config.getoption("--max-requests")
    if most is not None:
        number = suite.check_max_requests(_whole("--max-requests", most), "--max-requests")
        settings = replace(settings, max_requests=number)
    rate = config.getoption("--rate")
    if rate is not None:
        settings = replace(settings, rate=suite.parse_rate(rate, "--rate"))
    seed = config.getoption("--seed")
    if seed is not None:
        settings = replace(settings, seed=_whole("--seed", seed))
    settings = replace(settings, serial=config.getoption("--serial"))
    fuzz = config.getoption("--fuzz-seconds")
    if fuzz is not None:
        settings = replace(settings, fuzz_seconds=_seconds("--fuzz-seconds", fuzz))
    fail_on = config.getoption("--fail-on")
    if fail_on not in FAIL_ON:
        raise suite.unknown("--fail-on", fail_on, FAIL_ON)
    return suite.check(settings)


def _with_deployment(config: pytest.Config, settings: Settings) -> Settings:
    """Return the settings with what options say of the deployment."""
    deployment = with_model(settings.deployment, config.getoption("--model"))
    slots = config.getoption("--slots")
    if slots is not None:
        number = _whole("--slots", slots)
        if number < 1:
            raise SettingsError(f"--slots {slots!r} must be above 0")
        deployment = replace(deployment, slots=number)
    if config.getoption("--large-prompts"):
        deployment = replace(deployment, skip_large=False)
    variable = config.getoption("--api-key-env")
    settings = replace(settings, deployment=deployment)
    return suite.with_key(settings, variable, "--api-key-env") if variable is not None else settings


def _where(config: pytest.Config, settings: Settings) -> tuple[str | None, str | None]:
    """Return (URL, command). An option for either replaces both of the target file's."""
    url, command = config.getoption("--target-url"), config.getoption("--target-command")
    if not url and command is None:
        url = os.environ.get(URL_VARIABLE)
    if not url and command is None:
        return settings.url, settings.command
    return url or None, command


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


def own_ids(config: pytest.Config, rows: Sequence[str]) -> list[str]:
    """Return the ids of the requirements that only the run's dialect has, of these rows."""
    catalogue = rules_of(checked_settings(config).dialect.name).catalogue
    own = [id_ for id_ in catalogue if id_ not in SHARED.by_id]
    return [id_ for row in rows for id_ in own if id_.partition(".")[2] == row]


def cases_of_dialect(config: pytest.Config) -> list[str]:
    """Return the folders of the cases that only the run has: its dialect's, and its checks'."""
    dialect = checked_settings(config).dialect
    rules_of(dialect.name)  # what the cases decide is declared before they are collected
    packages = [importlib.import_module(f"{dialect.package}.cases")]
    packages += [check_cases] if config.stash[RUN_CHECKS] else []
    return [str(Path(folder)) for package in packages for folder in package.__path__]
