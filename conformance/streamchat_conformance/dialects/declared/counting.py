"""The counter of one stream: whether its numbers rise as declared."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from streamchat_conformance.dialects.declared.declaration import DeclaredCounter
from streamchat_conformance.dialects.declared.pointers import found


@dataclass(slots=True)
class Counting:
    """A counter, as far as a stream came."""

    counter: DeclaredCounter
    _last: Any = None
    """The last number; None where it is not known."""
    _begun: bool = False

    def take(self, value: Any) -> tuple[str, str] | None:
        """Take an event's data; return what is wrong with its number, and what was expected."""
        values = found(value, self.counter.pointer)[:1]
        if not values:
            return None
        number, last, step = values[0], self._last, self.counter.step
        if not _is_number(number):
            self.lose()
            return None
        first = None if self._begun else self.counter.first
        self._last, self._begun = number, True
        if first is not None and number != first:
            return f"begins with {number}", f"{first} in the first event"
        if last is not None and step and number != last + step:
            return f"does not rise by {step}: {number} after {last}", str(last + step)
        if last is not None and number <= last:
            return f"does not rise: {number} after {last}", "a larger number in each event"
        return None

    def pass_by(self, value: Any) -> None:
        """Take an event that may come anywhere: it may be counted, or not."""
        for number in found(value, self.counter.pointer)[:1]:
            if not self.counter.step or not _is_number(number):
                continue
            due = self.counter.first if self._last is None else self._last + self.counter.step
            if number == due and (self._begun or self._last is None):
                self._last, self._begun = number, True

    def lose(self) -> None:
        """Take note that an event could not be read, which may have been counted."""
        self._begun = True
        self._last = None if self.counter.step else self._last


def _is_number(value: Any) -> bool:
    finite = not isinstance(value, Decimal) or value.is_finite()
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and finite
