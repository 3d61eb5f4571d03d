"""What the folders promise: one seam for dialects, unique names, imports in one direction."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

import pytest

from .sources import PACKAGES, modules

SUITE = PACKAGES["streamchat_conformance"]
DIALECTS = SUITE / "dialects"

MEMBERS = re.compile(
    r"""["'](?:prompt|history|response|choices|delta|messages|content_block)["']"""
    r"""|\.values\[["']|Missing '|must be a list|/api/stream-chat"""
)
"""What only a dialect may name: members of its JSON, its error texts, its path."""

SPEAKS_OF_JSON = {
    "offline/har.py": "an HTTP archive has members of its own",
    "offline/har_body.py": "an HTTP archive has members of its own",
    "commands/replay.py": "it shows the HTTP response",
    "suite/config/deploying.py": "a target file has keys of its own",
    "core/json_value.py": "the documentation shows a path in a JSON value",
    "__init__.py": "the first sentence of the package",
}
"""Files that name such a word for another reason."""


def shared_texts() -> dict[str, str]:
    texts = {
        file.relative_to(SUITE).as_posix(): file.read_text("utf-8")
        for file in sorted(SUITE.rglob("*.py"))
        if not file.is_relative_to(DIALECTS)
    }
    assert len(texts) > 200
    return texts


def test_shared_code_names_no_member_of_a_dialect() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in shared_texts().items()
        if name not in SPEAKS_OF_JSON
        for number, line in enumerate(text.splitlines(), 1)
        if MEMBERS.search(line)
    ]
    assert found == []


def test_shared_code_imports_no_dialect() -> None:
    dialects = {folder.name for folder in DIALECTS.iterdir() if (folder / "__init__.py").exists()}
    found = [
        (name, dialect)
        for name, text in shared_texts().items()
        for dialect in dialects
        if f"dialects.{dialect}" in text
    ]
    assert found == []


BASES = {"chat_messages": {"anthropic", "openai"}}
"""What several dialects have in common: package to the dialects that it is the base of."""


def test_a_dialect_imports_no_other_dialect_and_no_base_but_its_own() -> None:
    folders = {file.parent.name for file in DIALECTS.glob("*/__init__.py")}
    found = {
        (folder, other)
        for folder in folders
        for file in (DIALECTS / folder).rglob("*.py")
        for other in folders - {folder}
        if f"streamchat_conformance.dialects.{other}" in file.read_text("utf-8")
    }
    allowed = {(dialect, base) for base, dialects in BASES.items() for dialect in dialects}
    assert found == allowed


def test_judges_return_violations_and_leave_the_id_to_their_declaration() -> None:
    files = [
        file for file in SUITE.rglob("judges/*.py") if file.name not in ("judge.py", "rules.py")
    ]
    assert len(files) > 20
    assert [str(file) for file in files if re.search(r"\bFinding\b", file.read_text())] == []


def test_class_names_are_unique() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for name, file in modules(package).items():
            if ".stacks.apps." in name or ".real_servers.files." in name:
                continue  # each is an application of its own, which nothing imports
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].add(name)
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {}


def test_every_package_says_in_one_line_what_it_contains() -> None:
    for package in PACKAGES:
        for name, file in modules(package).items():
            if file.name == "__init__.py":
                text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
                assert text.split("\n")[0].endswith("."), name


def test_all_pages_have_the_same_colours() -> None:
    texts = {
        file.read_text("utf-8")
        for package in PACKAGES.values()
        for file in package.rglob("palette.css")
    }
    assert len(texts) == 1


BUILT_BY_HAND = re.compile(r"html\.escape|from html import|[\"']<(?:table|tr|td|div|svg|p|h\d)\b")


@pytest.mark.parametrize("package", ["streamchat_conformance", "streamchat_load"])
def test_pages_are_made_of_templates(package: str) -> None:
    found = [
        name for name, file in modules(package).items() if BUILT_BY_HAND.search(file.read_text())
    ]
    assert found == []


def test_the_grammar_of_a_token_is_written_once() -> None:
    places = [
        name
        for name, file in modules("streamchat_conformance").items()
        if "^_`|~" in file.read_text("utf-8")
    ]
    assert places == ["streamchat_conformance.core.grammar"]
