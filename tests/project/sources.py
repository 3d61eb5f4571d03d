"""Where the project's sources are, and what each of them imports."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "streamchat_conformance": ROOT / "conformance" / "streamchat_conformance",
    "streamchat_reference": ROOT / "reference_server" / "streamchat_reference",
    "streamchat_fixtures": ROOT / "fixtures" / "streamchat_fixtures",
    "streamchat_load": ROOT / "loadtests" / "streamchat_load",
}


@cache
def modules(package: str) -> dict[str, Path]:
    """Return the files of a package by the modules' dotted names."""
    home = PACKAGES[package]
    named = {}
    for file in sorted(home.rglob("*.py")):
        parts = (package, *file.relative_to(home).with_suffix("").parts)
        named[".".join(parts).removesuffix(".__init__")] = file
    return named


_WITH_IMPORTS = (ast.stmt, ast.excepthandler, ast.match_case)


@cache
def imports(file: Path, *, types: bool = False) -> frozenset[str]:
    """Return the dotted names that a file imports, also inside functions.

    With `types` also those that only type checkers import.
    """
    tree = ast.parse(file.read_text("utf-8"))
    found: set[str] = set()
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if not types and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(file, node)
            found.add(origin)
            found.update(f"{origin}.{alias.name}" for alias in node.names)
        # An expression imports nothing, and most of a tree is expressions.
        pending.extend(
            each for each in ast.iter_child_nodes(node) if isinstance(each, _WITH_IMPORTS)
        )
    return frozenset(found)


def _origin(file: Path, node: ast.ImportFrom) -> str:
    """Return the module that a `from` names, a relative one in full."""
    module = node.module or ""
    if not node.level:
        return module
    folder = file.parents[node.level - 1]
    parts: list[str] = []
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join([*parts, module]).removesuffix(".")


def within(names: frozenset[str], *packages: str) -> set[str]:
    """Return the imported names that are one of these packages or lie within."""
    return {
        name
        for name in names
        for package in packages
        if name == package or name.startswith(f"{package}.")
    }


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return the files of the checkout that belong to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8")
    files = (ROOT / name for name in listed.split("\0") if name)
    return tuple(file for file in files if file.is_file())
