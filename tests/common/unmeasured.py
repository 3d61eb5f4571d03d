"""The environment of processes whose coverage is not measured.

To measure it takes a Python that starts a third of its time. What is killed in the end never
reports it, and what serves is measured by the tests that are about it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def unmeasured(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment without what makes a Python measure its coverage."""
    return {name: value for name, value in environment.items() if not name.startswith("COVERAGE_")}
