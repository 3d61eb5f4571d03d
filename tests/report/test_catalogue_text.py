from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from grouped import each_of
from streamchat_conformance.commands.explain import as_text
from streamchat_conformance.dialects.registry import own_names
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.catalogue_text import (
    ARTICLE,
    cited,
    defects_of,
    known_ids,
    texts_of,
)

pytestmark = pytest.mark.guard

CATALOGUE = {id_: entry for name in own_names() for id_, entry in rules_of(name).catalogue.items()}
"""Every requirement, under whatever dialect."""

every_id = each_of(CATALOGUE)


def test_every_requirement_and_nothing_else_has_texts() -> None:
    assert sorted(set(CATALOGUE) - known_ids()) == [], "without texts: add them to a file of texts/"
    assert sorted(known_ids() - set(CATALOGUE)) == [], "texts of requirements that do not exist"


@every_id
def test_a_requirement_says_why_it_matters_and_how_to_fix_it(id_: str) -> None:
    texts = texts_of(id_)
    assert texts is not None
    for text in (texts.why, texts.fix):
        assert re.search(r"[.!)]$", text), text
    assert texts.advice
    for advice in texts.advice:
        assert len(advice.by_framework) >= 2


@every_id
def test_every_thread_that_a_source_cites_is_explained_or_linked(id_: str) -> None:
    source = CATALOGUE[id_].source
    explained = [defect.name for defect in defects_of(source)]
    linked = {piece.text: piece.url for piece in cited(source)}
    for thread in re.findall(r"[\w.-]+/[\w.-]+#\d+", source):
        assert thread in explained or linked[thread].startswith("https://github.com/")
    assert {*linked, *explained} >= set(re.findall(r"CVE-[\d-]+", source))


@every_id
def test_no_source_names_a_list_that_nobody_can_look_up(id_: str) -> None:
    assert not re.search(r"\bbugs?\b|\b[A-G]\d{1,2}\b", CATALOGUE[id_].source)


def test_the_first_thread_of_a_defect_is_its_name() -> None:
    named = {
        defect.name: defect for id_ in CATALOGUE for defect in defects_of(CATALOGUE[id_].source)
    }
    assert len(named) > 60
    for name, defect in named.items():
        if not defect.urls:
            assert name.startswith("docs/servers.md (")
            continue
        repository, _, number = name.partition("#")
        assert re.fullmatch(
            rf"https://github\.com/{re.escape(repository)}/(issues|pull)/{number}", defect.urls[0]
        )


@every_id
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
            "blog.csdn.net",
            "www.cve.org",
        }


def test_a_section_is_linked_where_it_stands() -> None:
    source = "article; RFC 9112 sections 6.1 and 6.3; ollama/ollama#8991, CVE-2025-53643"
    pieces = cited(source)
    assert [piece.text for piece in pieces] == [
        *("article", "; ", "RFC 9112", " sections ", "6.1", " and ", "6.3"),
        *("; ", "CVE-2025-53643"),
    ]
    assert pieces[0].url == ARTICLE
    assert pieces[4].url == "https://www.rfc-editor.org/rfc/rfc9112#section-6.1"
    assert pieces[-1].url == "https://www.cve.org/CVERecord?id=CVE-2025-53643"
    assert [defect.project for defect in defects_of(source)] == ["Ollama"]
    assert "".join(piece.text for piece in cited(source, defects=True)) == source


def test_a_thread_that_no_table_explains_is_linked() -> None:
    assert [(piece.text, piece.url) for piece in cited("practice; some-owner/a.repo#17")] == [
        ("practice", ""),
        ("; ", ""),
        ("some-owner/a.repo#17", "https://github.com/some-owner/a.repo/issues/17"),
    ]


@every_id
def test_an_explanation_says_everything(id_: str) -> None:
    text = " ".join(" ".join(as_text(CATALOGUE[id_])).split())
    texts = texts_of(id_)
    assert texts is not None
    shown = [CATALOGUE[id_].title, texts.why, texts.fix]
    shown += [word for advice in texts.advice for word in advice.by_framework]
    shown += [url for defect in defects_of(CATALOGUE[id_].source) for url in defect.urls]
    for part in shown:
        assert part in text
