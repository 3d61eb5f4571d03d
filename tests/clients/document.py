"""`python -m tests.clients.document`: print docs/clients.md, made of what the clients do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from . import messages_page, recorded_page
from .page_parts import versions
from .witnesses import MODULES, Clients, has_node

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION: Final = """\
# What official clients do with broken streams

This page is generated: `python -m tests.clients.document`. Each row is a stream that breaks
requirements; unchanged clients from PyPI and npm read it from a socket, and the cells show how what
they made of it differs from what they make of the sound stream that it was changed from. *fine*:
it does not differ; where that one reports a failure, it is raised here, too. *no finish*, *no
usage*: that part is lost and nothing was raised. The AI SDK's error parts count as thrown.
"""


def lines() -> Iterator[str]:
    """Yield the lines of the page."""
    yield from _INTRODUCTION.splitlines()
    clients = Clients()
    try:
        yield "\n## Chat Completions"
        yield "\nEach stream is a recorded exchange of the dialect `openai`.\n"
        yield versions(["openai"], ["openai", "@ai-sdk/openai-compatible"])
        yield from recorded_page.table([*recorded_page.rows(clients, "openai")], "openai")
        yield from messages_page.lines(clients)
    finally:
        clients.close()


if __name__ == "__main__":
    if not has_node():
        sys.exit(f"error: node is missing, or the packages are not in {MODULES}")
    for line in lines():
        print(line, flush=True)
