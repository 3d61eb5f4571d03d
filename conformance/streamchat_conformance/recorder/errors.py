"""Errors that occur before there is anything to record."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ConnectError", "ConnectErrorKind", "TargetUrlError"]


class TargetUrlError(ValueError):
    """A target URL, or what came with it, cannot be used; one sentence says the cure."""


class ConnectErrorKind(StrEnum):
    """At which step a connection failed."""

    NAME = "name"
    """The host name has no address."""
    REFUSED = "refused"
    """Nothing listens at that port."""
    UNREACHABLE = "unreachable"
    """No way to the address, or the connection broke while it was made."""
    TIMED_OUT = "timed-out"
    """`connect_s` passed."""
    TLS = "tls"
    """The two sides do not agree on TLS, or the certificate is not trusted."""
    LOCAL = "local"
    """This machine would not open a socket."""


class ConnectError(Exception):
    """There is no connection to the target.

    `kind` names the step, `message` what happened in one sentence, `hint` what to try (may be
    empty). `str()` gives both.
    """

    def __init__(self, kind: ConnectErrorKind, message: str, hint: str = "") -> None:
        super().__init__(kind, message, hint)
        self.kind = kind
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message
