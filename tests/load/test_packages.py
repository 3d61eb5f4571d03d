"""How the load tests are cut into packages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.guard

ROOT = Path(__file__).parent.parent.parent
HOME = ROOT / "loadtests" / "streamchat_load"

LAYERS = (
    {"errors", "faults"},
    {"dialects"},
    {"verification"},
    {"client"},
    {"profiles"},
    {"metrics"},
    {"runner", "verdict"},
    {"preflight"},
    {"report"},
    {"locust_adapter"},
)
"""From the ground up: a layer imports from itself and those above it in this list."""

FILES = sorted(HOME.rglob("*.py"))


def name_of(file: Path) -> str:
    return ".".join(("streamchat_load", *file.relative_to(HOME).with_suffix("").parts))


def imports_of(file: Path) -> set[str]:
    """Return the modules that a file imports, also those for types only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found.update({module, *(f"{module}.{alias.name}" for alias in node.names)})
    return found


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_only_the_locust_adapter_imports_locust(file: Path) -> None:
    uses = any(name.split(".")[0] == "locust" for name in imports_of(file))
    assert not uses or file.parent.name == "locust_adapter"


def layer_of(module: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if module.split(".")[1] in layer)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_package_imports_nothing_of_a_later_one_not_even_types(file: Path) -> None:
    if file.parent == HOME and file.name == "__init__.py":
        return
    own = layer_of(name_of(file))
    for name in imports_of(file):
        if name.startswith("streamchat_load."):
            assert layer_of(name) <= own, name


def test_modules_import_each_other_in_no_circle_not_even_for_types() -> None:
    names = {name_of(file): file for file in FILES}
    edges = {name: imports_of(file) & set(names) - {name} for name, file in names.items()}
    resting: set[str] = set()
    while ready := {name for name in edges if name not in resting and edges[name] <= resting}:
        resting |= ready
    assert set(edges) - resting == set()


def test_every_package_says_in_one_line_what_it_contains() -> None:
    for file in HOME.rglob("__init__.py"):
        if file.parent != HOME:
            assert len(file.read_text("utf-8").splitlines()) == 1, file


def classes_of(folder: Path) -> list[str]:
    return [
        node.name
        for file in sorted(folder.rglob("*.py"))
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def test_names_of_classes_are_unique_in_the_whole_project() -> None:
    own = classes_of(HOME)
    assert len(own) == len(set(own))
    others = {
        name
        for package in (
            "conformance/streamchat_conformance",
            "reference_server/streamchat_reference",
            "fixtures/streamchat_fixtures",
        )
        for name in classes_of(ROOT / package)
    }
    assert set(own) & others == set()
