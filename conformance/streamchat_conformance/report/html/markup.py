"""Making HTML of data that nobody may trust: everything is escaped unless it was made here."""

from __future__ import annotations

import html
from collections.abc import Iterable

_VOID = frozenset({"br", "input", "meta", "line", "rect", "path"})


class Markup(str):
    """Text that is HTML already. Only this module's functions and constants make it."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""Return text in which every character can be seen.

    Controls, direction marks, lone surrogates and odd spaces become escapes such as `\x1b`:
    some of them mislead the eye, some cannot stand in HTML, some cannot be written as UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def escaped(text: str) -> Markup:
    """Return text as HTML that shows it and does nothing else."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(visible(text), quote=True))


def joined(parts: Iterable[str]) -> Markup:
    """Return parts one after the other; those that are not markup are escaped."""
    return Markup("".join(escaped(part) for part in parts))


def element(name: str, /, *children: str, **attributes: object) -> Markup:
    """Return an element.

    An attribute that is None or False is left out; one that is True stands without a value.
    Underscores become hyphens, and one at the end is dropped: `class_`, `data_level`.
    """
    written = []
    for key, value in attributes.items():
        label = key.rstrip("_").replace("_", "-")
        if value is True:
            written.append(f" {label}")
        elif value is not None and value is not False:
            written.append(f' {label}="{escaped(str(value))}"')
    start = f"<{name}{''.join(written)}>"
    if name in _VOID and not children:
        return Markup(start if name in ("br", "input", "meta") else f"{start[:-1]}/>")
    return Markup(f"{start}{joined(children)}</{name}>")


def link(url: str, *children: str) -> Markup:
    """Return a link to another site; only web addresses become one."""
    if not url.startswith(("https://", "http://")):
        return joined(children)
    return element("a", *children, href=url, rel="noopener noreferrer")
