"""Where the project lives: its repository, its documents, and how to report a false alarm."""

from __future__ import annotations

from streamchat_conformance.catalogue.requirement import is_custom

PROJECT = "https://github.com/streamchat-conformance/streamchat-conformance"
"""The repository."""
SITE = "https://streamchat-conformance.github.io/streamchat-conformance"
"""The documents as pages."""
FALSE_ALARM = f"{PROJECT}/issues/new?template=false-alarm.yml"
"""The form for a finding that the server is not to blame for."""
SUITE_FAULT = f"{PROJECT}/issues/new?template=fault-of-the-suite.yml"
"""The form for a fault of the suite itself."""


def rule_page(id_: str) -> str:
    """Return the address of a requirement's page; '' for a custom check, which has none."""
    return "" if is_custom(id_) else f"{SITE}/rules/{id_}.html"


def false_alarm(id_: str) -> str:
    """Return the address of the form for a false alarm, with the requirement filled in."""
    return f"{FALSE_ALARM}&id={id_}"
