"""`streamchat-conformance explain ID`: one requirement in full; also the docs' pages."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from streamchat_conformance.catalogue import Layer, Requirement
from streamchat_conformance.commands.parsing import (
    EXIT_OK,
    Parser,
    Usage,
    check_option,
    fault,
    print_safely,
    write_checked,
)
from streamchat_conformance.dialects.registry import DEFAULT, UnknownDialectError, own_names
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.catalogue_text import cited, defects_of, texts_of
from streamchat_conformance.rule_sets.history import Withdrawn, history, withdrawn
from streamchat_conformance.suite.config.typed import unknown_id

WIDTH = 96
_LEVELS = {
    "MUST": "a server that breaks it is nonconformant",
    "SHOULD": "reported; fails the run only with --fail-on should",
    "MAY": "observed and printed; never fails a run",
}


_LAYERS = {
    Layer.APPLICATION: "the application: the endpoint's own code, framework and middleware",
    Layer.SERVER: "the HTTP server that runs the application, or a proxy in front of it",
}


def main(argv: Sequence[str]) -> int:
    """Explain requirements; return the exit code."""
    parser = Parser("explain", "Explain requirements: why they stand, how to fix a server.")
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument(
        "--pages", type=Path, metavar="FOLDER", help="write all of them, a Markdown page per area"
    )
    parser.add_argument("--dialect", metavar="NAME", default=DEFAULT, help="default: %(default)s")
    gone: list[Withdrawn] = []
    try:
        arguments = parser.parse_args(argv)
        gone = [entry for id_ in arguments.ids if (entry := withdrawn(id_)) is not None]
        if not arguments.ids and arguments.pages is None:
            parser.error("name a requirement, such as payload.json ('list' shows them all)")
        entries = [_entry(id_, arguments.dialect) for id_ in arguments.ids if not withdrawn(id_)]
        if arguments.pages is not None:
            for name, text in pages().items():
                check_option("--pages", arguments.pages / name)
                write_checked("--pages", arguments.pages / name, text)
    except (Usage, UnknownDialectError) as mistake:
        return fault("explain", mistake)
    texts = [*map(_withdrawn_text, gone), *map(as_text, entries)]
    print_safely("\n".join("\n".join(text) + "\n" for text in texts))
    return EXIT_OK


def _entry(id_: str, dialect: str) -> Requirement:
    """Return a requirement. Raises Usage, naming the nearest ids, or UnknownDialectError."""
    catalogue = rules_of(dialect).catalogue
    if id_ not in catalogue:
        raise Usage(unknown_id(id_, catalogue))
    return catalogue[id_]


def _withdrawn_text(entry: Withdrawn) -> Iterator[str]:
    yield f"{entry.id} (withdrawn in {entry.since}; it was a {entry.level})"
    yield from _wrapped(entry.title)
    yield from _labelled("why it was withdrawn", entry.why)


def as_text(entry: Requirement) -> Iterator[str]:
    """Yield a requirement as lines for a terminal."""
    yield f"{entry.id} ({entry.level}: {_LEVELS[entry.level]})"
    yield from _wrapped(entry.title)
    yield from _labelled("decided by", _LAYERS[entry.layer])
    yield from _labelled("source", "".join(piece.text for piece in cited(entry.source)))
    yield from (f"    {piece.url}" for piece in cited(entry.source) if piece.url)
    if entry.needs:
        yield from _labelled("needs", f"the capability {' and '.join(map(str, entry.needs))}")
    texts = texts_of(entry.id)
    if texts is not None:
        yield from _labelled("why it matters", texts.why)
    for defect in defects_of(entry.source):
        yield from _labelled("seen in", f"{defect.project}: {defect.seen}")
        yield from (f"    {url}" for url in defect.urls)
    dispute = history().disputed.get(entry.id)
    if dispute is not None:
        yield from _labelled("disputed", f"{dispute.objection} {dispute.answer}")
    if texts is not None:
        yield from _labelled("how to fix it", texts.fix)
        for advice in texts.advice:
            yield ""
            yield f"  {advice.title}"
            for framework, text in advice.by_framework.items():
                yield from _labelled(framework, text)


def _wrapped(text: str) -> list[str]:
    """Return text as indented lines, with words such as text/event-stream left whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _labelled(label: str, text: str) -> list[str]:
    """Return text with a label, its further lines indented, links and code left whole."""
    return textwrap.wrap(
        f"{label}: {text}",
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


# -- pages of the docs -------------------------------------------------------------------


def pages() -> dict[str, str]:
    """Return the docs' generated pages: file name to text, one for each area."""
    entries = list(rules_of(DEFAULT).catalogue.values())
    known = {entry.area for entry in entries}
    for name in own_names():
        # What another dialect requires of its own stands on a page of its own.
        entries += [entry for entry in rules_of(name).catalogue.values() if entry.area not in known]
        known |= {entry.area for entry in entries}
    return {
        f"{area}.md": "\n".join(_page(area, list(group))) + "\n"
        for area, group in groupby(entries, key=lambda entry: entry.area)
    }


def rule_pages() -> dict[str, str]:
    """Return a page for each requirement of the suite's own dialects, withdrawn ones included.

    Requirement id to Markdown; links are seen from a folder next to `requirements/`.
    """
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for name in own_names():
        for id_, entry in rules_of(name).catalogue.items():
            found.setdefault(id_, (entry, []))[1].append(f"`{name}`: {entry.level}")
    pages = {
        id_: "\n".join(_rule_page(entry, levels)) + "\n" for id_, (entry, levels) in found.items()
    }
    for gone in history().withdrawn.values():
        text = f"# {gone.id}\n\n{_plain(gone.title)}\n\n**Withdrawn** in {gone.since}"
        pages[gone.id] = f"{text}; it was a {gone.level}. {_plain(gone.why)}\n"
    return pages


def _rule_page(entry: Requirement, levels: Sequence[str]) -> Iterator[str]:
    yield f"# {entry.id}"
    yield from _entry_lines(entry)
    yield f"- Level by dialect: {', '.join(levels)}"
    yield f"- All of this area: [{entry.area}](../requirements/{entry.area}.md)"
    yield from _advice([entry])


def _page(area: str, entries: Sequence[Requirement]) -> Iterator[str]:
    yield f"# Requirements: {area}"
    yield ""
    yield (
        "This page is generated from the catalogue: "
        "`streamchat-conformance explain --pages docs/requirements`."
    )
    for entry in entries:
        yield ""
        yield f"## {entry.id}"
        yield from _entry_lines(entry)
    for gone in history().withdrawn.values():
        if gone.area == area:
            yield from ("", f"## {gone.id}", "")
            yield f"**Withdrawn** in {gone.since}; it was a {gone.level}. {_plain(gone.title)}"
            yield from ("", f"- Why: {_plain(gone.why)}")
    yield from _advice(entries)


def _entry_lines(entry: Requirement) -> Iterator[str]:
    """Yield what stands below a requirement's heading."""
    yield ""
    yield f"**{entry.level}.** {_plain(entry.title)}"
    yield ""
    yield f"- Decided by {_plain(_LAYERS[entry.layer])}"
    yield f"- Source: {_source(entry.source)}"
    if entry.needs:
        yield f"- Needs the capability {' and '.join(f'`{need}`' for need in entry.needs)}"
    texts = texts_of(entry.id)
    if texts is not None:
        yield f"- Why it matters: {_plain(texts.why)}"
    for defect in defects_of(entry.source):
        links = "".join(f" [[{n}]]({url})" for n, url in enumerate(defect.urls, 1))
        yield f"- Seen in {_plain(defect.project)}: {_plain(defect.seen)}{links}"
    dispute = history().disputed.get(entry.id)
    if dispute is not None:
        yield f"- Disputed: {_plain(dispute.objection)} {_plain(dispute.answer)}"
    if texts is not None:
        yield f"- How to fix it: {_plain(texts.fix)}"
        names = ", ".join(f"[{one.title}](#{_anchor(one.title)})" for one in texts.advice)
        yield f"- In common frameworks: {names}"


def _advice(entries: Sequence[Requirement]) -> Iterator[str]:
    """Yield the advice that the entries name, each piece once."""
    found = {}
    for entry in entries:
        texts = texts_of(entry.id)
        found.update({one.title: one for one in (texts.advice if texts is not None else ())})
    for title, one in found.items():
        yield ""
        yield f"## {title}"
        yield ""
        for framework, text in one.by_framework.items():
            yield f"- **{framework}**: {_plain(text)}"


def _source(source: str) -> str:
    return "".join(
        f"[{_plain(piece.text)}]({piece.url})" if piece.url else _plain(piece.text)
        for piece in cited(source)
    )


def _plain(text: str) -> str:
    """Return text of ours as Markdown: what looks like markup is shown, not done."""
    return "".join(f"\\{each}" if each in "\\`*_[]<>|~$" else each for each in text)


def _anchor(title: str) -> str:
    """Return the fragment that hosts of Markdown make of a heading."""
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -_")
    return kept.replace(" ", "-")
