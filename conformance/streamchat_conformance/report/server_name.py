"""The HTTP server's name for readers: from its Server field, else from the command it runs by."""

from __future__ import annotations

import re
import shlex

from streamchat_conformance.core.grammar import TOKEN

NAME_LIMIT = 60
"""Longest name that is shown (characters)."""

_PRODUCT = re.compile(rf"({TOKEN})(?:/({TOKEN}))?")
_COMMANDS = {
    "caddy": "Caddy",
    "cheroot": "cheroot",
    "daphne": "Daphne",
    "fastapi": "uvicorn",
    "flask": "Werkzeug",
    "granian": "granian",
    "gunicorn": "gunicorn",
    "hypercorn": "Hypercorn",
    "nginx": "nginx",
    "node": "Node.js",
    "puma": "Puma",
    "uvicorn": "uvicorn",
    "waitress": "waitress",
    "waitress-serve": "waitress",
}
"""Program or Python module that a command starts, to the HTTP server that then serves."""


def server_name(field: str, command: str = "") -> str:
    """Return the name, with its version if that is known; an empty string if nothing names it."""
    return _from_field(field) or _from_command(command)


def _from_field(field: str) -> str:
    text = field.strip()
    product = _PRODUCT.match(text)
    if product is None:
        # Not what the field's grammar allows, but still what the server calls itself.
        return text[:NAME_LIMIT]
    name, version = product.groups()
    return (f"{name} {version}" if version else name)[:NAME_LIMIT]


def _from_command(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    for word in words:
        program = word.rpartition("/")[2].lower().removesuffix(".exe")
        if program in _COMMANDS:
            return _COMMANDS[program]
    return ""
