"""Generated parts of the sources: pages of the documents, a count, the list of all ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dev.checkout import ROOT, ScaffoldError, shown

DOCS = ROOT / "docs"
IDS = ROOT / "tests" / "project" / "ids.txt"


def generate(*, check: bool) -> int:
    """Write what is out of date, or with `check` name it; return the exit code."""
    wanted = texts()
    pages = DOCS / "requirements"
    stale = [path for path in sorted(pages.glob("*.md")) if path not in wanted]
    changed = [path for path, text in wanted.items() if _current(path) != text]
    if check:
        for path in (*changed, *stale):
            print(f"{shown(path)} is out of date: run python -m dev generate")
        return 1 if changed or stale else 0
    for path in stale:
        path.unlink()
        print(f"removed {shown(path)}")
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
        print(f"wrote {shown(path)}")
    if not changed and not stale:
        print("everything is up to date")
    return 0


def texts() -> dict[Path, str]:
    """Return everything that is generated: file to text."""
    from streamchat_conformance.commands import explain
    from streamchat_conformance.commands import list as listing
    from streamchat_conformance.commands import rules as rule_sets
    from streamchat_conformance.dialects.registry import DEFAULT, own_names
    from streamchat_conformance.judges import rules_of
    from streamchat_fixtures import dialects
    from streamchat_fixtures.kill_matrix import as_markdown
    from streamchat_fixtures.real_servers import document as real_servers
    from streamchat_fixtures.real_servers.groups import GROUPS
    from streamchat_fixtures.stacks import STACKS
    from streamchat_fixtures.stacks.document import render
    from streamchat_fixtures.stacks.expectations import EXPECTATIONS
    from streamchat_fixtures.stacks.recording import load

    catalogue = rules_of(DEFAULT).catalogue
    return {
        DOCS / "requirements.md": listing.as_markdown(catalogue.values()),
        **{DOCS / "requirements" / name: text for name, text in explain.pages().items()},
        DOCS / "rules.md": rule_sets.as_markdown(),
        DOCS / "kill-matrix.md": as_markdown(),
        **{
            DOCS / f"kill-matrix-{name}.md": as_markdown(name)
            for name in dialects.NAMES
            if name != dialects.DEFAULT
        },
        **{
            DOCS / f"requirements-{name}.md": listing.as_markdown(rules_of(name).catalogue.values())
            for name in own_names()
            if name != DEFAULT
        },
        DOCS / "servers.md": render([load(name) for name in STACKS], EXPECTATIONS),
        **{
            DOCS / f"servers-{name}.md": real_servers.render(group)
            for name, group in GROUPS.items()
        },
        ROOT / "README.md": _counted(ROOT / "README.md", len(catalogue)),
        IDS: _listed({id_: str(entry.level) for id_, entry in catalogue.items()}),
    }


def _counted(path: Path, count: int) -> str:
    """Return a document with the count of requirements in its first sentence about them."""
    text, places = re.subn(
        r"\d+ requirements, judged", f"{count} requirements, judged", _current(path)
    )
    if places != 1:
        raise ScaffoldError(f"{shown(path)} says {places} times 'N requirements, judged', not once")
    return text


def _listed(levels: Mapping[str, str]) -> str:
    """Return the list of all ids with the new ones in it. What is listed stays as it is."""
    listed = dict(line.split(" ", 1) for line in _current(IDS).splitlines())
    return "".join(f"{id_} {level}\n" for id_, level in sorted({**levels, **listed}.items()))


def _current(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
