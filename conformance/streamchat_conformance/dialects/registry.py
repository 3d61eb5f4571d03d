"""The dialects by name: those of the suite, and those of other distributions.

Another distribution offers a dialect by an entry point in the group `GROUP`: its name is the
word of `--dialect`, its value the module that has it as `DIALECT`. A dialect that is not
installed is named by that module itself, such as `acme.dialect`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from streamchat_conformance.core.nearest import nearest
from streamchat_conformance.dialects.folders import dialect_folders
from streamchat_conformance.dialects.interface import Dialect

GROUP = "streamchat_conformance.dialects"
DEFAULT = "stream-chat"
SUFFIX = ".toml"
"""How the name of a file ends that declares a dialect."""

_HOME = "streamchat_conformance.dialects"
DECLARED_PACKAGE = f"{_HOME}.declared"
"""What makes dialects of files: `SUFFIX` says which names are those of files."""
_DECLARED = f"{DECLARED_PACKAGE}.making"
"""What makes a dialect of a file."""


class UnknownDialectError(ValueError):
    """A name that no dialect has; the message names the nearest one."""


@cache
def _own() -> dict[str, str]:
    """Return the modules of the suite's own dialects by name: each has a folder here."""
    return {name.replace("_", "-"): f"{_HOME}.{name}.dialect" for name in dialect_folders()}


def packages() -> list[str]:
    """Return the packages of the suite's own dialects, and of those that files declare."""
    return [*(f"{_HOME}.{name.replace('-', '_')}" for name in own_names()), DECLARED_PACKAGE]


def own_names() -> list[str]:
    """Return the names of the suite's own dialects, the default first."""
    return [DEFAULT, *sorted(_own().keys() - {DEFAULT})]


def names() -> list[str]:
    """Return the words that `--dialect` takes, the default first."""
    others = {*_own(), *(entry.name for entry in entry_points(group=GROUP))} - {DEFAULT}
    return [DEFAULT, *sorted(others)]


@cache
def dialect_named(name: str) -> Dialect:
    """Return a dialect. Raises UnknownDialectError."""
    if name.endswith(SUFFIX):
        made: Dialect = import_module(_DECLARED).dialect_of_file(Path(name), frozenset(_own()))
        return made
    module = _own().get(name) or next(
        (entry.module for entry in entry_points(group=GROUP) if entry.name == name), None
    )
    if module is None and "." in name:
        module = name
    if module is None:
        raise UnknownDialectError(f"dialect {name!r} is unknown; {nearest(name, names())}")
    try:
        found = import_module(module).DIALECT
    except (ImportError, AttributeError) as error:
        raise UnknownDialectError(f"dialect {name!r} cannot be loaded: {error}") from None
    if not isinstance(found, Dialect):
        raise UnknownDialectError(f"dialect {name!r}: {module}.DIALECT is not a Dialect")
    return found


def default_dialect() -> Dialect:
    """Return the dialect that is judged unless another one is named."""
    return dialect_named(DEFAULT)
