"""`streamchat-conformance rules`: the rule sets, and what became of rules; also the docs' page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamchat_conformance.commands.parsing import EXIT_OK, Parser, Usage, fault, print_safely
from streamchat_conformance.rule_sets.frozen import names, rule_set
from streamchat_conformance.rule_sets.history import history

_INTRODUCTION = """\
# Rule sets

This page is generated: `streamchat-conformance rules`.

A newer version of the suite knows more requirements. So that an upgrade fails no gate by itself, a
release freezes its ids and levels as a rule set with a date:

```
streamchat-conformance --target-url URL --rules 2026.1
```

The server is held to the ids and levels of that set. What is newer is run and reported, and never
fails the run: it is marked *not gating*, counted with the MAYs, and its own level is shown. A
requirement of the set that was withdrawn since is no longer judged. Custom checks and `[levels]`
([Custom checks and levels](custom-checks.md)) hold in addition. In the target file the set stands
under `[run]`, as `rules = "2026.1"`. Without it a run is held to all that its version requires,
which reports call `current`.

The JSON report, the HTML and Markdown reports, the badge, `matrix` and `compare` name the set.

An id is never reused. A requirement that is withdrawn keeps its place on the page of its area, and
lists of known failures and `[levels]` that name it stay good.
"""


def main(argv: Sequence[str]) -> int:
    """Print the rule sets and the history of rules; return the exit code."""
    parser = Parser("rules", "Show the frozen rule sets, and changed, disputed, withdrawn rules.")
    try:
        parser.parse_args(argv)
    except Usage as mistake:
        return fault("rules", mistake)
    print_safely(as_markdown())
    return EXIT_OK


def as_markdown() -> str:
    """Return the page."""
    return "\n".join([_INTRODUCTION, *_sets(), *_history()]) + "\n"


def _sets() -> Iterator[str]:
    yield "## Frozen sets"
    yield ""
    yield "| set | dialect | requirements | MUST | SHOULD | MAY |"
    yield "|---|---|---:|---:|---:|---:|"
    for name in names():
        for dialect, levels in rule_set(name).by_dialect.items():
            counts = [sum(level == word for level in levels.values()) for word in _WORDS]
            numbers = " | ".join(map(str, [len(levels), *counts]))
            yield f"| {name} | `{dialect}` | {numbers} |"


_WORDS = ("MUST", "SHOULD", "MAY")


def _history() -> Iterator[str]:
    known = history()
    yield from ("", "## Changed", "")
    yield "Requirements whose level or meaning is another one than in an earlier rule set."
    yield ""
    yield from [
        f"- {_linked(each.id)} (since {each.since}): {each.what}. {each.why}"
        for each in known.changed.values()
    ] or ["None so far."]
    yield from ("", "## Disputed", "")
    yield "Requirements with which reasonable servers disagree, and why each stands."
    yield ""
    yield from [
        f"- {_linked(each.id)}: {each.objection} {each.answer}" for each in known.disputed.values()
    ] or ["None so far."]
    yield from ("", "## Withdrawn", "")
    yield "Requirements that are judged no longer."
    yield ""
    yield from [
        f"- {_linked(each.id)} (since {each.since}, it was a {each.level}): {each.title} {each.why}"
        for each in known.withdrawn.values()
    ] or ["None so far."]


def _linked(id_: str) -> str:
    area, _, name = id_.partition(".")
    return f"[`{id_}`](requirements/{area}.md#{area}{name})"
