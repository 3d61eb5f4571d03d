from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamchat_conformance.catalogue.complete import load_catalogue
from streamchat_conformance.commands.explain import as_text, pages
from streamchat_conformance.report.catalogue_text import cited, defects_of, known_ids, texts_of

DOCS = Path(__file__).parents[2] / "docs" / "requirements"
CATALOGUE = load_catalogue()


def test_every_requirement_and_nothing_else_has_texts() -> None:
    assert known_ids() == set(CATALOGUE)


@pytest.mark.parametrize("id_", CATALOGUE)
def test_a_requirement_says_why_it_matters_and_how_to_mend_it(id_: str) -> None:
    texts = texts_of(id_)
    assert texts is not None
    for text in (texts.why, texts.mend):
        assert re.search(r"[.!)]$", text), text
    assert texts.advice
    for advice in texts.advice:
        assert len(advice.by_framework) >= 2


@pytest.mark.parametrize("id_", CATALOGUE)
def test_every_row_of_defects_that_a_source_cites_is_told(id_: str) -> None:
    source = CATALOGUE[id_].source
    rows = [defect.row for defect in defects_of(source)]
    for row in re.findall(r"\b[A-G]\d+\b", source):
        assert row in rows
    for first, last in re.findall(r"\b[A-G](\d+)-[A-G](\d+)\b", source):
        assert len(rows) >= int(last) - int(first) + 1
    assert not re.search(r"\bbugs?\b", "".join(piece.text for piece in cited(source)))


@pytest.mark.parametrize("id_", CATALOGUE)
def test_every_standard_that_a_source_names_is_linked(id_: str) -> None:
    pieces = cited(CATALOGUE[id_].source)
    plain = "".join(piece.text for piece in pieces if not piece.url)
    assert "RFC" not in plain or "(RFC" in plain
    assert "WHATWG" not in plain
    urls = [piece.url for piece in pieces if piece.url]
    urls += [url for defect in defects_of(CATALOGUE[id_].source) for url in defect.urls]
    for url in urls:
        assert urlsplit(url).scheme == "https"
        assert urlsplit(url).hostname in {
            "www.rfc-editor.org",
            "html.spec.whatwg.org",
            "github.com",
        }


def test_a_section_is_linked_where_it_stands() -> None:
    pieces = cited("article; RFC 9112 sections 6.1 and 6.3; bugs B1-B4")
    assert [piece.text for piece in pieces] == [
        *("article", "; ", "RFC 9112", " sections ", "6.1", " and ", "6.3"),
    ]
    assert pieces[4].url == "https://www.rfc-editor.org/rfc/rfc9112#section-6.1"
    assert [defect.row for defect in defects_of("practice; bugs B1-B4, E5")] == [
        *("B1", "B2", "B3", "B4", "E5"),
    ]


def test_the_docs_pages_are_those_that_the_catalogue_gives() -> None:
    made = pages()
    assert {file.name for file in DOCS.glob("*.md")} == set(made), "see docs/reports.md"
    for name, text in made.items():
        assert (DOCS / name).read_text("utf-8") == text, (
            f"docs/requirements/{name} is out of date: "
            "streamchat-conformance explain --pages docs/requirements"
        )


@pytest.mark.parametrize("id_", CATALOGUE)
def test_an_explanation_tells_everything(id_: str) -> None:
    text = " ".join(" ".join(as_text(CATALOGUE[id_])).split())
    texts = texts_of(id_)
    assert texts is not None
    told = [CATALOGUE[id_].title, texts.why, texts.mend]
    told += [word for advice in texts.advice for word in advice.by_framework]
    told += [url for defect in defects_of(CATALOGUE[id_].source) for url in defect.urls]
    for part in told:
        assert part in text
