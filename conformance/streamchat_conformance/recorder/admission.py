"""Admission of requests before they are sent: a place for bounds on number and speed."""

from __future__ import annotations

from typing import Final, Protocol

__all__ = ["UNLIMITED", "RequestAdmission", "Unlimited"]


class RequestAdmission(Protocol):
    """Lets requests pass, later, or never."""

    def admit(self, requests: int, *, wait: bool = True) -> None:
        """Return when that many requests may be sent together.

        Without `wait` they are counted and not delayed: their connection is open, and a pause
        would be the server's reason to close it. Raises what ends a case if there are to be no
        more requests.
        """


class Unlimited:
    """Lets everything pass at once."""

    def admit(self, requests: int, *, wait: bool = True) -> None:
        """Return at once."""


UNLIMITED: Final = Unlimited()
