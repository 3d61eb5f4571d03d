"""Imports go one way, and the two readings of the requirements know nothing of each other."""

from __future__ import annotations

import pytest
from grouped import each_of

from .sources import PACKAGES, imports, modules, within

pytestmark = pytest.mark.guard

SUITE = "streamchat_conformance"

DIALECTS = sorted(
    file.parent.name for file in PACKAGES[SUITE].joinpath("dialects").glob("*/__init__.py")
)

LAYERS = (
    {"core"},
    {"catalogue"},
    {"dialects"},
    {"judges"},
    {"rule_sets"},
    {"strategies", "recorder"},
    {"suite"},
    {f"dialects.{name}" for name in DIALECTS},
    {"checks", "report"},
    {"gate", "offline"},
    {"guessing"},
    {"cases"},
    {"plugin"},
    {"commands"},
)
"""From the ground up: a layer imports from itself and those above it in this list.

The seam itself (`dialects`) is near the ground; a dialect's folder may use the whole suite.
"""

SEAM = tuple(f"dialects.{name}.dialect" for name in DIALECTS)
"""What the registry loads of a dialect, by name, and what that imports: near the ground, too."""


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def layer_of(module: str) -> int | None:
    parts = module.split(".")[1:]
    names = (".".join(parts[:2]), ".".join(parts[:1]))
    return next(
        (number for name in names for number, layer in enumerate(LAYERS) if name in layer), None
    )


def test_every_part_of_the_suite_has_its_layer() -> None:
    parts = {module.split(".")[1] for module in modules(SUITE) if module != SUITE}
    assert parts - set().union(*LAYERS) == {"__main__"}


@each_of(sorted(modules(SUITE)), group=package_of)
def test_a_layer_imports_nothing_of_a_later_one(module: str) -> None:
    own = layer_of(module)
    if own is None:
        return
    for name in within(imports(modules(SUITE)[module]), SUITE):
        other = layer_of(name)
        assert other is None or other <= own, f"{module} imports {name}"


PREFIXES = tuple(
    f"{SUITE}.{part}."
    for part in ("core", "judges", "catalogue", *(f"dialects.{name}.judges" for name in DIALECTS))
)
IO = (
    *("asyncio", "flask", "gunicorn", "http", "pytest", "requests", "select", "selectors"),
    *("socket", "ssl", "subprocess", "threading", "time", "urllib.request", "werkzeug"),
)


def sans_io() -> list[str]:
    return [name for name in sorted(modules(SUITE)) if name.startswith(PREFIXES)]


@each_of(sans_io(), group=package_of)
def test_the_sans_io_parts_import_no_io(module: str) -> None:
    assert within(imports(modules(SUITE)[module]), *IO) == set()


def test_only_the_recorder_and_the_gate_touch_sockets() -> None:
    touching = {
        name.split(".")[1]
        for name, file in modules(SUITE).items()
        if within(imports(file), "socket", "ssl", "select", "selectors")
    }
    assert touching <= {"recorder", "gate", "suite"}
    cases = [file for name, file in modules(SUITE).items() if name.startswith(f"{SUITE}.cases")]
    assert not any(within(imports(file), "socket") for file in cases)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_packages_know_only_what_they_may(package: str) -> None:
    allowed = {
        "streamchat_conformance": {"streamchat_conformance"},
        "streamchat_reference": {"streamchat_reference"},
        "streamchat_fixtures": {"streamchat_fixtures"},
        # Streams under load are judged by the suite's own parser.
        "streamchat_load": {"streamchat_load", "streamchat_conformance"},
    }[package]
    for module, file in modules(package).items():
        known = {name.split(".")[0] for name in imports(file)} & set(PACKAGES)
        assert known <= allowed, module


@pytest.mark.parametrize("module", [name for name in modules(SUITE) if name.endswith(SEAM)])
def test_what_the_registry_loads_of_a_dialect_needs_the_seam_alone(module: str) -> None:
    pending, seen = {module}, set[str]()
    while pending:
        name = pending.pop()
        seen.add(name)
        known = imports(modules(SUITE)[name]) & set(modules(SUITE))
        pending |= known - seen
    areas = {".".join(name.split(".")[1:2]) for name in seen if name.count(".") > 1}
    assert areas <= {"core", "catalogue", "dialects"}


def test_modules_import_each_other_in_no_circle() -> None:
    known = {name: file for package in PACKAGES for name, file in modules(package).items()}
    # A package's __init__ collects what its modules offer; they do not import from it.
    edges = {
        name: {
            module
            for module in imports(file, types=True) & set(known)
            if module != name and known[module].name != "__init__.py"
        }
        for name, file in known.items()
        if file.name != "__init__.py"
    }
    resting: set[str] = set()
    while True:
        ready = {name for name, needs in edges.items() if name not in resting and needs <= resting}
        if not ready:
            break
        resting |= ready
    assert set(edges) - resting == set()
