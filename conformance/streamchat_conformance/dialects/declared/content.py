"""What the events of a declared stream say, and whether they are complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.dialects.declared.declaration import COMPLETE, Declaration
from streamchat_conformance.dialects.declared.machine import run_machine
from streamchat_conformance.dialects.interface import Content, Payloads


@dataclass(frozen=True)
class DeclaredContent:
    """Reads what the events of a stream say."""

    declaration: Declaration

    def __call__(self, payloads: Payloads) -> Content:
        """Return what events say."""
        return self.of_all([block for block, _ in payloads], payloads)

    def of_all(self, events: Sequence[Block], payloads: Payloads) -> Content:
        """Return what events say, also those whose data is not JSON."""
        machine = run_machine(self.declaration, events, payloads)
        finished = machine.state == COMPLETE
        if self.declaration.ends_by_sentinel:
            finished = machine.sentinel is not None and machine.failure is None
        return Content(tuple(machine.pieces), finished=finished, failure=machine.failure)
