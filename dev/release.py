"""What a release says of itself: its section of the changelog, if the version is the right one."""

from __future__ import annotations

import re
import tomllib

from dev.checkout import ROOT, ScaffoldError


def release_notes(version: str) -> str:
    """Return the changelog's section of a version. Raises ScaffoldError if anything disagrees."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    if project["version"] != version:
        raise ScaffoldError(f"pyproject.toml has version {project['version']}, not {version}")
    sections = re.split(
        r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE
    )
    found = dict(zip(sections[1::2], sections[2::2], strict=True))
    text = found.get(version, "").strip()
    if not text:
        raise ScaffoldError(f"CHANGELOG.md has no section '## {version}' with changes in it")
    return text + "\n"
