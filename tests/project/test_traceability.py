"""Requirements, cases and documents name the same ids, each once, both ways."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from functools import cache

import pytest
from streamchat_conformance import cases
from streamchat_conformance.catalogue import Level
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.dialects.stream_chat import cases as own_cases
from streamchat_conformance.judges import rules_of
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.legal import LEGAL

from .sources import PACKAGES, ROOT

pytestmark = pytest.mark.guard

CATALOGUE = rules_of(DEFAULT).catalogue
IDS = ROOT / "tests" / "project" / "ids.txt"
"""The ids and levels of the contract. `python -m dev generate` adds to it, and changes nothing."""


@cache
def decided() -> Counter[str]:
    """Return how many cases decide each requirement, as collected."""
    import importlib
    import pkgutil

    found: Counter[str] = Counter()
    packages = (cases, own_cases)
    names = [
        f"{package.__name__}.{entry.name}"
        for package in packages
        for entry in pkgutil.iter_modules(package.__path__)
    ]
    for module_name in names:
        module = importlib.import_module(module_name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("test_") or function.__module__ != module.__name__:
                continue
            ids = judged_ids(function)
            assert ids, f"{module_name}.{name} decides no requirement"
            found.update(ids)
    return found


def judged_ids(function: object) -> list[str]:
    """Return the ids that a case decides: one, or one for each of its parameters."""
    own = getattr(function, "__requirement_id__", None)
    if own is not None:
        return [own]
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    return [id_ for mark in marks if mark.args[0] == "judged_id" for id_ in mark.args[1]]


def test_every_requirement_has_exactly_one_case() -> None:
    assert {id_: count for id_, count in decided().items() if count > 1} == {}
    assert set(CATALOGUE) - set(decided()) == set()


def test_every_case_decides_a_requirement_of_the_catalogue() -> None:
    assert set(decided()) - set(CATALOGUE) == set()


def test_no_requirement_is_dropped_and_no_level_changes_silently() -> None:
    listed = dict(line.split(" ") for line in IDS.read_text("utf-8").splitlines())
    declared = {id_: str(entry.level) for id_, entry in CATALOGUE.items()}
    changed = {id_: level for id_, level in listed.items() if declared.get(id_) != level}
    assert changed == {}, f"a change of the contract: if it is meant, change {IDS.name} by hand"


def test_a_case_file_holds_one_area() -> None:
    home = PACKAGES["streamchat_conformance"] / "cases"
    for file in home.glob("test_*.py"):
        area = file.stem.split("_")[1]
        named = set(
            re.findall(r'@(?:decides|requirement)\(\s*"([a-z]+)\.', file.read_text("utf-8"))
        )
        assert named <= {area}, file.name


DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_documents_name_only_requirements_that_exist(file: object) -> None:
    text = file.read_text("utf-8")  # type: ignore[attr-defined]  # a path
    areas = "|".join(sorted({entry.area for entry in CATALOGUE.values()}))
    named = set(re.findall(rf"`((?:{areas})\.[a-z0-9]+(?:-[a-z0-9]+)*)`", text))
    assert named - set(CATALOGUE) == set()


def test_every_requirement_that_can_fail_a_run_has_a_server_that_breaks_it() -> None:
    broken = {id_ for fault in FAULTS for id_ in fault.breaks}
    observed_only = {entry.id for entry in CATALOGUE.values() if entry.level is Level.MAY}
    assert set(CATALOGUE) - broken <= observed_only


def test_the_servers_name_only_requirements_that_exist() -> None:
    named = {id_ for fault in FAULTS for id_ in (*fault.breaks, *fault.consequences)}
    named |= {id_ for legal in LEGAL for id_ in legal.should}
    assert named - set(CATALOGUE) == set()
