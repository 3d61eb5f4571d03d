"""Parameters of profiles: named, documented, with units and bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamchat_conformance.core.nearest import did_you_mean, nearest_of

from streamchat_load.errors import LoadUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a profile. The unit is the end of its name."""

    name: str
    default: float | str
    meaning: str
    low: float = 0.0
    high: float = math.inf
    whole: bool = False

    def read(self, text: str) -> float | int | str:
        """Return the value that a text gives. Raises LoadUsageError."""
        if isinstance(self.default, str):
            return text
        try:
            value = float(text)
        except ValueError:
            raise LoadUsageError(f"{self.name}={text!r} is not a number: {self.meaning}") from None
        if not math.isfinite(value) or not self.low <= value <= self.high:
            bounds = f"from {self.low:g} to {self.high:g}"
            if math.isinf(self.high):
                bounds = f"at least {self.low:g}"
            raise LoadUsageError(f"{self.name}={text} is out of bounds: {bounds}")
        if self.whole:
            if value != int(value):
                raise LoadUsageError(f"{self.name}={text} is not a whole number")
            return int(value)
        return value

    @property
    def value(self) -> float | int | str:
        """The default, with the parameter's type."""
        return int(self.default) if self.whole else self.default


def whole(name: str, default: int, meaning: str, low: int = 1, high: int = 100_000) -> Parameter:
    """Return a parameter that is a whole number."""
    return Parameter(name, default, meaning, low, high, whole=True)


def seconds(name: str, default: float, meaning: str, low: float = 0.0) -> Parameter:
    """Return a parameter that is a time; a week at most, so that every run is bounded."""
    return Parameter(name, default, meaning, low, 604_800)


def share(name: str, default: float, meaning: str) -> Parameter:
    """Return a parameter that is a share, from 0 to 1."""
    return Parameter(name, default, meaning, 0.0, 1.0)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint at the most similar known name."""
    hint = did_you_mean(nearest_of(name, known))
    return f"; {hint}" if hint else ""


def read_settings(settings: Sequence[str], what: str) -> dict[str, str]:
    """Parse `name=value` texts. Raises LoadUsageError."""
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise LoadUsageError(f"{what} {setting!r} is not of the form name=value")
        if name.strip() in found:
            raise LoadUsageError(f"{what} {name.strip()!r} is given twice")
        found[name.strip()] = value.strip()
    return found


def read_values(
    parameters: Sequence[Parameter], given: Mapping[str, str], owner: str
) -> dict[str, Any]:
    """Return the value of each parameter, given or default. Raises LoadUsageError."""
    by_name = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in by_name:
            known = ", ".join(by_name)
            hint = nearest(name, by_name)
            raise LoadUsageError(f"{owner} has no parameter {name!r}{hint} (it has: {known})")
    return {
        name: parameter.read(given[name]) if name in given else parameter.value
        for name, parameter in by_name.items()
    }
