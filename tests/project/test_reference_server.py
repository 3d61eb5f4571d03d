"""The packages of the reference server: one direction of imports, and names of their own."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from .sources import PACKAGES, modules

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "streamchat_reference"
LAYERS = (
    {"lossless_json"},
    {"http", "answerers"},
    {"streaming"},
    {"dialects"},
    {"site"},
    {"app"},
    {"command"},
)
"""From the ground up: a module imports from its own layer and those before it in this list."""


def layer_of(module: str) -> int | None:
    part = module.removeprefix(SERVER).removeprefix(".").partition(".")[0]
    return next((number for number, layer in enumerate(LAYERS) if part in layer), None)


def imported(path: Path) -> set[str]:
    """Return the modules of the server that a file imports, for types alone, too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    # Every module imports the package that it is in.
    return names & modules(SERVER).keys() - {SERVER}


def test_no_two_modules_import_each_other_even_for_types() -> None:
    graph = {name: imported(path) for name, path in modules(SERVER).items()}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", sorted(modules(SERVER)))
def test_a_module_imports_nothing_of_a_later_layer(module: str) -> None:
    own = layer_of(module)
    if own is None:
        return
    for name in imported(modules(SERVER)[module]):
        other = layer_of(name)
        assert other is None or other <= own, f"{module} imports {name}"


def classes(package: str) -> set[str]:
    return {
        node.name
        for path in modules(package).values()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - {SERVER}))
def test_no_class_has_the_name_of_another_packages(package: str) -> None:
    assert classes(SERVER) & classes(package) == set()


@pytest.mark.parametrize("package", ["answerers", "dialects", "http", "site", "streaming"])
def test_a_package_says_in_one_line_what_it_contains(package: str) -> None:
    text = modules(SERVER)[f"{SERVER}.{package}"].read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)) == text.strip().strip('"')
