"""Constants of the modules that are loaded: Hypothesis mixes them into what it draws.

They are those of modules that are not installed, such as the suite itself in a clone. To collect
them all sources are parsed, which takes a second; and what a seed draws would depend on where the
suite is installed, and on what else was imported. So they are left out.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PROVIDERS = "hypothesis.internal.conjecture.providers"
_COLLECT = "_get_local_constants"
"""Not part of Hypothesis' interface: a version without it draws as it does."""


@contextmanager
def constants_left_out() -> Iterator[None]:
    """Let Hypothesis draw without the constants of modules. For one thread at a time."""
    try:
        providers: Any = importlib.import_module(_PROVIDERS)
        collect, none = getattr(providers, _COLLECT), providers.Constants()
    except (ImportError, AttributeError):
        yield
        return
    setattr(providers, _COLLECT, lambda: none)
    try:
        yield
    finally:
        setattr(providers, _COLLECT, collect)
