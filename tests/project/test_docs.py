"""Links and blocks of the documents lead somewhere, and every document is in the index."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from .documents import DOCUMENTS, blocks
from .sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.guard


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", file.read_text("utf-8")):
        if "://" not in link:
            assert (file.parent / link).exists(), link


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_toml_in_the_documents_is_toml(file: Path) -> None:
    for block in blocks(file.read_text("utf-8"), "toml"):
        assert tomllib.loads(block)


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    for file in (ROOT / "docs").glob("*.md"):
        linked = file.name == "index.md" or f"({file.name})" in index
        assert linked, f"docs/{file.name} is not in the index: add a link to it to docs/index.md"


def test_every_folder_of_the_suite_is_on_the_map() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    home = ROOT / "conformance" / "streamchat_conformance"
    for folder in home.iterdir():
        if (folder / "__init__.py").exists():
            assert f"    {folder.name}/ " in readme, folder.name
