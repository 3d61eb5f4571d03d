"""`streamchat-conformance list`: the requirements, as lines, as Markdown or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby

from streamchat_conformance.catalogue import Requirement, UnknownRequirementError, select
from streamchat_conformance.commands.parsing import Parser, Usage, fault
from streamchat_conformance.dialects.registry import DEFAULT, UnknownDialectError
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.catalogue_text import cited
from streamchat_conformance.rule_sets.choosing import with_rule_set
from streamchat_conformance.rule_sets.frozen import CURRENT, UnknownRuleSetError

_INTRODUCTION = """\
# Requirements

This page is generated from the catalogue: `streamchat-conformance list --format markdown`.
Each heading leads to a page that says why its requirements stand and how to fix a server.

Levels: a broken **MUST** makes a server nonconformant. A broken **SHOULD** is reported; it fails
the run only with `--fail-on should`. A **MAY** is observed and printed; it never fails a run.
A requirement that needs a capability is not applicable to a server that lacks it.

Layers: **application** is the endpoint's own code, with the framework and middleware that it uses.
**server** is the HTTP server that runs it, or a proxy in front. A requirement belongs to the layer
that decides it: what the endpoint's code can break with an ordinary response (a wrong
Content-Length, an exception in mid-stream) is the application's.

Sources: *article* is [the tutorial that first described the endpoint](contract.md#the-article);
*WHATWG* is the HTML standard, "Server-sent events"; `owner/repository#1` is a public thread about
a defect of a real server or client; *practice* stands for what real servers and clients do.
"""

_AREAS = {
    "connection": "keep-alive, pipelining, and where one request ends",
    "error": "what a refusal looks like",
    "headers": "the response head of the stream",
    "payload": "what the events say",
    "request": "what is accepted and what is refused",
    "resilience": "many clients, and bad ones",
    "sse": "the syntax of the event stream",
    "stream": "time",
    "transport": "the HTTP message on the wire",
}
_OWN_AREA = "what this dialect alone requires"


def main(argv: Sequence[str]) -> int:
    """Print the requirements; return the exit code."""
    parser = Parser("list", "List the requirements.")
    parser.add_argument("globs", nargs="*", metavar="GLOB", help="such as 'payload.*' or '!sse.*'")
    parser.add_argument("--format", choices=["lines", "markdown", "json"], default="lines")
    parser.add_argument("--dialect", metavar="NAME", default=DEFAULT, help="default: %(default)s")
    parser.add_argument("--rules", metavar="SET", default=CURRENT, help="default: %(default)s")
    try:
        arguments = parser.parse_args(argv)
        catalogue = with_rule_set(rules_of(arguments.dialect), arguments.rules).catalogue
        chosen = select(catalogue, arguments.globs)
    except (Usage, UnknownDialectError, UnknownRequirementError, UnknownRuleSetError) as mistake:
        return fault("list", mistake)
    entries = [entry for id_, entry in catalogue.items() if id_ in chosen]
    show = {"lines": as_lines, "markdown": as_markdown, "json": as_json}[arguments.format]
    print(show(entries), end="")
    return 0


def as_lines(entries: Iterable[Requirement]) -> str:
    """Return a line for each requirement: id, level, layer, sentence."""
    return "".join(
        f"{entry.id:<36} {entry.level:<7} {entry.layer:<12} {entry.title}\n" for entry in entries
    )


def as_json(entries: Iterable[Requirement]) -> str:
    """Return a JSON array of objects: id, level, layer, title, source, needs."""
    values = [
        {
            "id": entry.id,
            "level": entry.level.value,
            "layer": entry.layer.value,
            "title": entry.title,
            "source": entry.source,
            "needs": [need.name for need in entry.needs],
        }
        for entry in entries
    ]
    return json.dumps(values, indent=1) + "\n"


def as_markdown(entries: Iterable[Requirement]) -> str:
    """Return a Markdown page with a table for each area."""
    parts = [_INTRODUCTION]
    for area, group in groupby(entries, key=lambda entry: entry.area):
        parts.append(f"\n## [{area}](requirements/{area}.md): {_AREAS.get(area, _OWN_AREA)}\n")
        parts.append("| id | level | layer | requirement | needs | source |")
        parts.append("|---|---|---|---|---|---|")
        for entry in group:
            needs = ", ".join(map(str, entry.needs))
            cells = (f"`{entry.id}`", entry.level, entry.layer, entry.title, needs)
            row = [*map(_cell, cells), _links(entry.source)]
            parts.append("| " + " | ".join(row) + " |")
    return "\n".join(parts) + "\n"


def _links(source: str) -> str:
    """Return a source for a table cell, with links to what it cites."""
    return "".join(
        f"[{_cell(piece.text)}]({piece.url})" if piece.url else _cell(piece.text)
        for piece in cited(source, defects=True)
    )


def _cell(text: str) -> str:
    """Return text for a table cell: a bar would begin the next one."""
    return text.replace("|", "\\|")
