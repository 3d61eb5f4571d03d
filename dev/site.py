"""The site: pages that are made when mkdocs builds the documents. A hook of mkdocs.

They are a page for each requirement, the README and its neighbours, the board of judged servers
with their reports, and `llms.txt`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dev.board import board_files
from dev.checkout import ROOT, use_sources
from dev.samples import sample_files

if TYPE_CHECKING:
    from collections.abc import Iterator

NEIGHBOURS = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Documents of the repository's root, and what they are called on the site."""
WORKER = "assets/iframe-worker.js"
_LINK = re.compile(r"\]\(([^)#\s]+)((?:#[^)]*)?)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add what is generated to the files of the site."""
    from mkdocs.structure.files import File

    for name, content in generated().items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return a page's text with links out of the documents led to the repository."""
    return relinked(markdown, page.file.src_uri)


def generated() -> dict[str, str]:
    """Return everything that is generated: its place on the site to its text."""
    use_sources()
    from streamchat_conformance.commands.explain import rule_pages
    from streamchat_conformance.commands.schema import SCHEMA_FILE, schema_text

    rules = rule_pages()
    found = {
        name: _from_the_root((ROOT / source).read_text("utf-8"))
        for source, name in NEIGHBOURS.items()
    }
    found |= {f"rules/{id_}.md": text for id_, text in rules.items()}
    found |= {f"board/{name}": text for name, text in board_files().items()}
    found |= {f"samples/{name}": text for name, text in sample_files().items()}
    found[WORKER] = (ROOT / "dev" / "iframe_worker.js").read_text("utf-8")
    found[SCHEMA_FILE] = schema_text()
    found["llms.txt"] = "\n".join(_llms(rules)) + "\n"
    return found


def _from_the_root(text: str) -> str:
    """Return a document of the root with its links seen from the documents' folder."""

    def seen(hit: re.Match[str]) -> str:
        target, anchor = hit[1], hit[2]
        if "://" in target:
            return hit[0]
        inside = target.removeprefix("docs/")
        return f"]({inside if inside != target else f'../{target}'}{anchor})"

    return _LINK.sub(seen, text)


def relinked(markdown: str, place: str) -> str:
    """Return Markdown whose links lead to pages of the site, or else to the repository."""
    from streamchat_conformance.catalogue.links import PROJECT

    up = "../" * place.count("/")

    def led(hit: re.Match[str]) -> str:
        target, anchor = hit[1], hit[2]
        if "://" in target or not target.startswith(f"{up}../"):
            return hit[0]
        outside = target.removeprefix(f"{up}../")
        if outside in NEIGHBOURS:
            return f"]({up}{NEIGHBOURS[outside]}{anchor})"
        return f"]({PROJECT}/blob/main/{outside}{anchor})"

    return _LINK.sub(led, markdown)


def _llms(rules: dict[str, str]) -> Iterator[str]:
    """Yield llms.txt: what there is to read, for programs that read."""
    from streamchat_conformance.catalogue.links import SITE, rule_page
    from streamchat_conformance.dialects.registry import own_names
    from streamchat_conformance.judges import rules_of

    yield "# streamchat-conformance"
    yield ""
    yield (
        "> A conformance suite for servers of streaming chat over HTTP (Server-Sent Events), with "
        "a reference server and load tests."
    )
    yield ""
    yield "## Documents"
    yield ""
    for wanted, linked in re.findall(r"^\| (.+?) \| (.+?) \|$", _index(), re.MULTILINE)[1:]:
        for title, name in re.findall(r"\[([^\]]+)\]\(([^)]+)\.md\)", linked):
            page = "readme" if "README" in name else name
            yield f"- [{title}]({SITE}/{page}.html): to {wanted}"
    yield ""
    yield "## Requirements"
    yield ""
    titles = {id_: entry.title for n in own_names() for id_, entry in rules_of(n).catalogue.items()}
    yield from (f"- [{id_}]({rule_page(id_)}): {titles.get(id_, 'withdrawn')}" for id_ in rules)


def _index() -> str:
    return (ROOT / "docs" / "index.md").read_text("utf-8")
