"""The destination of requests: a target URL, taken apart and checked."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from streamchat_conformance.core.secrets import with_parameters, without_secrets
from streamchat_conformance.recorder.admission import UNLIMITED, RequestAdmission
from streamchat_conformance.recorder.errors import TargetUrlError

__all__ = ["DEFAULT_PORTS", "Endpoint", "unverified_context"]

Scheme = Literal["http", "https"]

DEFAULT_PORTS: Final[dict[str, int]] = {"http": 80, "https": 443}

_REFUSED_CHARACTER = re.compile(r"[\x00-\x20\x7f]")
_PATH = re.compile(r"/[!-~]*")
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the endpoint under test, ready to connect to."""

    scheme: Scheme
    host: str
    """Host name in ASCII, or an IP address without brackets."""
    port: int
    path: str = "/"
    """Path and query: the request target in origin form (RFC 9112 §3.2.1)."""
    ssl: ssl.SSLContext | None = None
    """How to speak TLS; None exactly when the scheme is http."""
    admission: RequestAdmission = field(default=UNLIMITED, compare=False, repr=False)
    """What every request to this endpoint has to pass."""

    @property
    def authority(self) -> str:
        """Value of the Host field: no default port, brackets around IPv6 (RFC 9110 §7.2)."""
        host = self.host.partition("%")[0]
        host = f"[{host}]" if ":" in host else host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The endpoint's URL for people: without the values of secret query parameters."""
        return f"{self.scheme}://{self.authority}{without_secrets(self.path)}"

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        path: str = "/",
        base: str = "",
        parameters: Sequence[tuple[str, str]] = (),
        insecure: bool = False,
        ca_file: str | None = None,
    ) -> Self:
        """Take a target URL apart.

        `path` is used when the URL itself has none, and its rest behind `base` when the URL's
        path ends with that. `parameters` are added to its query. For https the certificate is
        verified against the system's authorities, or those in `ca_file` (PEM); `insecure` turns
        that off.
        Raises TargetUrlError with one sentence that names what is wrong and the cure. No message
        repeats user information of the URL: it may be a password.
        """
        parts = _split(url)
        scheme: Scheme = "https" if parts.scheme == "https" else "http"
        target = parts.path if parts.path not in ("", "/") or parts.query else path
        if base and target.rstrip("/").endswith(base):
            target = target.rstrip("/") + path.removeprefix(base)
        if parts.query:
            target = f"{target or '/'}?{parts.query}"
        target = with_parameters(target, parameters)
        if not _PATH.fullmatch(target):
            raise TargetUrlError(
                f"the path {without_secrets(target)!r} must begin with '/' and be ASCII without "
                "spaces: percent-encode other characters"
            )
        return cls(
            scheme=scheme,
            host=_host(parts),
            port=_port(parts),
            path=target,
            ssl=_ssl_context(scheme, insecure=insecure, ca_file=ca_file),
        )


def _split(url: str) -> SplitResult:
    # urlsplit drops tabs and line breaks silently, so they must be looked for before.
    if refused := _REFUSED_CHARACTER.search(url):
        raise TargetUrlError(
            f"the target URL has {refused[0]!r} at position {refused.start()}: "
            "remove spaces, line breaks and control characters"
        )
    if not url:
        raise TargetUrlError("the target URL is empty: write http://HOST:PORT")
    if not _SCHEME.match(url):
        raise TargetUrlError(
            "the target URL has no scheme: write http:// or https:// before the host"
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        raise TargetUrlError(
            "the host of the target URL cannot be read: "
            "write an IPv6 address in brackets, as in http://[::1]:5000"
        ) from None
    if parts.scheme not in DEFAULT_PORTS:
        raise TargetUrlError(
            f"the target URL's scheme is {parts.scheme!r}: only http and https can be tested"
        )
    if "@" in parts.netloc:
        raise TargetUrlError(
            "the target URL has user information before '@': "
            "remove it, and send credentials in a header instead"
        )
    if "#" in url:
        raise TargetUrlError("the target URL has a fragment: remove '#' and what follows it")
    return parts


def _host(parts: SplitResult) -> str:
    if parts.netloc.count(":") > 1 and not parts.netloc.startswith("["):
        raise TargetUrlError(
            "the host of the target URL has several colons: "
            "write an IPv6 address in brackets, as in http://[::1]:5000"
        )
    host = parts.hostname
    if not host:
        raise TargetUrlError(f"the target URL has no host: write {parts.scheme}://HOST:PORT")
    if ":" in host:
        # A zone is percent-encoded in a URL (RFC 6874 §2).
        address, percent, zone = host.partition("%")
        zone = zone.removeprefix("25")
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise TargetUrlError(
                f"the target URL's host {address!r} is no IPv6 address: check the brackets"
            ) from None
        return address + percent + zone
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise TargetUrlError(
            f"the target URL's host {host!r} is no host name: use letters, digits, '-' and '.'"
        ) from None
    if not _HOST_NAME.fullmatch(name):
        raise TargetUrlError(
            f"the target URL's host {host!r} is no host name: use letters, digits, '-' and '.'"
        )
    return name


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        return DEFAULT_PORTS[parts.scheme]
    if port == 0:
        text = parts.netloc.rpartition(":")[2]
        raise TargetUrlError(
            f"the target URL's port {text!r} cannot be used: write a number from 1 to 65535"
        )
    return port


def _ssl_context(scheme: Scheme, *, insecure: bool, ca_file: str | None) -> ssl.SSLContext | None:
    if scheme == "http":
        if ca_file is not None:
            raise TargetUrlError("a CA file is of no use with http: write https:// or leave it out")
        return None
    if insecure and ca_file is not None:
        raise TargetUrlError("a CA file is of no use when certificates are not verified: drop one")
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise TargetUrlError(
            f"the CA file {ca_file!r} holds no certificate: give a file in PEM form"
        ) from None
    except OSError as error:
        raise TargetUrlError(
            f"the CA file {ca_file!r} cannot be read ({error.strerror}): check its path"
        ) from None
    return unverified_context(context) if insecure else _configure(context)


def unverified_context(context: ssl.SSLContext | None = None) -> ssl.SSLContext:
    """Return a context that accepts any certificate."""
    context = context or ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _configure(context)


def _configure(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(["http/1.1"])
    # A handshake in mid-stream would make sending wait for receiving.
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context
