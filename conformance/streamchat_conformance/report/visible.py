"""Foreign text made visible: no character in it misleads the eye."""

from __future__ import annotations


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
