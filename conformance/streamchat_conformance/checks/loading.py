"""Reading files of `--checks`, and entering their checks into the rules of a run."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from streamchat_conformance.checks.check import Check, CheckError
from streamchat_conformance.judges import Rules
from streamchat_conformance.suite.config.typed import SettingsError
from streamchat_conformance.suite.verdicts.outcomes import CheckFailed

OPTION = "--checks"

RUN_CHECKS = pytest.StashKey[tuple[Check, ...]]()
"""The checks of a run, in pytest's configuration."""


def load_checks(files: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks of some files. Raises SettingsError: one line, the file and its mistake."""
    found: dict[str, tuple[Check, str]] = {}
    for name in files:
        for check in _checks_of(Path(name)):
            id_ = check.requirement.id
            if id_ in found:
                other = found[id_][1]
                where = "twice" if other == name else f"in {other}, too"
                raise SettingsError(f"{OPTION}: {name}: {id_} is declared {where}")
            found[id_] = check, name
    return tuple(check for check, _ in found.values())


def with_checks(rules: Rules, checks: Sequence[Check]) -> Rules:
    """Return the rules with checks entered."""
    if not checks:
        return rules
    entries = {check.requirement.id: check for check in checks}
    return replace(
        rules,
        catalogue={**rules.catalogue, **{id_: each.requirement for id_, each in entries.items()}},
        judges={**rules.judges, **{id_: each.judge for id_, each in entries.items()}},
    )


def failures(rules: Rules) -> dict[str, str]:
    """Return how checks failed themselves so far, by id."""
    checks = ((id_, judge.decide) for id_, judge in rules.judges.items())
    return {id_: each.failure for id_, each in checks if isinstance(each, Check) and each.failure}


def raise_failure(rules: Rules, id_: str) -> None:
    """Raise CheckFailed if a check failed itself on any exchange."""
    failure = failures(rules).get(id_)
    if failure is not None:
        raise CheckFailed(failure)


def _checks_of(file: Path) -> list[Check]:
    if not file.is_file():
        raise SettingsError(f"{OPTION}: {file} is no file; name a Python file with checks")
    spec = importlib.util.spec_from_file_location(f"streamchat_checks_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{OPTION}: {file} is no Python file; its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    # Its classes (dataclasses, say) are looked up by the name of their module.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code
        raise SettingsError(f"{OPTION}: {_mistake(file, error)}") from None
    checks = {id(value): value for value in vars(module).values() if isinstance(value, Check)}
    if not checks:
        raise SettingsError(f"{OPTION}: {file} has no check; write a function under @check(…)")
    return list(checks.values())


def _mistake(file: Path, error: BaseException) -> str:
    """Return what is wrong in a file, in one line with the number of the line."""
    if isinstance(error, SyntaxError):
        return f"{file}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    where = f", line {lines[-1]}" if lines else ""
    kind = "" if isinstance(error, CheckError) else f"{type(error).__name__}: "
    return f"{file}{where}: {kind}{' '.join(str(error).split())[:300]}"
