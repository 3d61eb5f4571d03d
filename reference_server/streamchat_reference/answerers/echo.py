"""The article's answerer: a placeholder text once per interval, endless by default."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, ClassVar

from streamchat_reference.answerers.interface import Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_reference.answerers.interface import Question

PLACEHOLDER = "This is a placeholder response. "


@dataclass(frozen=True)
class EchoAnswerer:
    """Repeats the request and a placeholder `events` times (0: without end), `interval_s` apart."""

    blocking: ClassVar[bool] = False
    echoes_request: ClassVar[bool] = True
    certain: ClassVar[bool] = True
    calls_tools: ClassVar[bool] = False

    events: int = 0
    interval_s: float = 1.0

    def generate(
        self,
        question: Question,  # noqa: ARG002 - the server repeats the request itself, exactly
    ) -> Iterator[str | Pause]:
        """Yield the placeholder, each due at a fixed time, so that lateness never adds up."""
        started = time.monotonic()
        for number in range(self.events) if self.events else count():
            if number:
                yield Pause(started + number * self.interval_s - time.monotonic())
            yield PLACEHOLDER
