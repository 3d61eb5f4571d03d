"""The site of the documents: it builds without a warning, and its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from streamchat_conformance.catalogue.links import SITE, rule_page
from streamchat_conformance.dialects.registry import own_names
from streamchat_conformance.judges import rules_of

ROOT = Path(__file__).parents[2]
LIMIT_S = 600.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Page(HTMLParser):
    """The links of a page, and the places that links may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.places.add(value)
            if (tag, name) in (("a", "href"), ("link", "href"), ("script", "src"), ("img", "src")):
                self.links.append(value or "")


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    pages = {file: Page(file.read_text("utf-8")) for file in site.rglob("*.html")}
    assert len(pages) > 200
    broken = []
    for file, page in pages.items():
        if file.name == "404.html":
            continue  # its links begin at the site's root
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            known = target in pages and (not anchor or anchor in pages[target].places)
            if not known and (anchor or not target.exists()):
                broken.append(f"{file.relative_to(site)}: {link}")
    assert broken == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r"<(?:script|img|link)[^>]+(?:src|href)=\"(https?:[^\"]+)")
    for file in site.rglob("*.html"):
        found = fetched.findall(file.read_text("utf-8"))
        assert [url for url in found if not url.startswith(SITE)] == [], file


def test_each_requirement_has_a_page_that_llms_txt_lists(site: Path) -> None:
    listed = (site / "llms.txt").read_text("utf-8")
    for name in own_names():
        for id_, entry in rules_of(name).catalogue.items():
            assert (site / "rules" / f"{id_}.html").exists()
            assert f"[{id_}]({rule_page(id_)})" in listed
            assert entry.title.split()[0] in listed
    for url in re.findall(rf"\({re.escape(SITE)}/([^)]+)\)", listed):
        assert (site / url).exists(), url


def test_the_site_is_searched_without_a_server(site: Path) -> None:
    assert (site / "search" / "search_index.js").exists()
    assert json.loads((site / "search" / "search_index.json").read_text("utf-8"))["docs"]


def test_the_board_shows_every_judged_server_with_its_report(site: Path) -> None:
    board = (site / "board" / "index.html").read_text("utf-8")
    for name in ("flask-werkzeug", "node-http", "mockllm", "llmock"):
        assert f">{name}</a>" in board
    assert "stream-chat-flask-werkzeug.html#" in board


def test_a_sample_report_shows_findings_with_their_exchanges(site: Path) -> None:
    sample = json.loads((site / "samples" / "report.json").read_text("utf-8"))
    failed = [entry for entry in sample["requirements"] if entry["outcome"] == "fail"]
    assert len(failed) > 8
    assert len(sample["exchanges"]) > 8
    page = (site / "samples" / "report.html").read_text("utf-8")
    for entry in failed:
        assert f'id="{entry["id"]}"' in page
