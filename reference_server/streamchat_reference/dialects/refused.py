"""A request that is not served: what the client gets instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class RequestRefusedError(Exception):
    """A dialect refuses a request: a status, and the JSON object of the response."""

    def __init__(
        self, status: int, members: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, members)
        self.status = status
        self.members = members
        self.headers = headers or {}
