"""Many alike cases in few tests: pytest spends more on a test than most of these cases take."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Case = TypeVar("Case")


def area_of(name: str) -> str:
    """Return what a name begins with: the area of a requirement's id."""
    return name.partition(".")[0]


def each_of(
    cases: Iterable[Case],
    *,
    name: Callable[[Case], str] = str,
    group: Callable[[str], str] = area_of,
) -> Callable[[Callable[[Case], None]], Callable[[str], None]]:
    """Return a decorator that checks each case, in one test for each group of them.

    All cases of a group are checked, and those that fail are named.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(group(name(case)), []).append(case)

    def decorate(check: Callable[[Case], None]) -> Callable[[str], None]:
        def test(group: str) -> None:
            failed = {}
            for case in groups[group]:
                try:
                    check(case)
                except Exception:  # noqa: BLE001  # shown below, with the others
                    failed[name(case)] = traceback.format_exc()
            if failed:
                heading = f"{len(failed)} of {len(groups[group])} fail: {', '.join(failed)}"
                shown = [f"{case}: {reason}" for case, reason in failed.items()]
                pytest.fail("\n\n".join([heading, *shown]), pytrace=False)

        test.__name__ = check.__name__
        test.__doc__ = check.__doc__
        marks: list[Any] = getattr(check, "pytestmark", [])
        test.pytestmark = [*marks]  # type: ignore[attr-defined]  # where pytest keeps them
        return pytest.mark.parametrize("group", groups)(test)

    return decorate
