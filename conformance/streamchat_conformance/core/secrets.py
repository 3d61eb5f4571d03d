"""Which field lines and query parameters carry secrets, and URLs without their values."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from urllib.parse import quote, unquote

from streamchat_conformance.core.fields import is_token

PLACEHOLDER = "[redacted]"

SECRET_FIELDS = (
    rb"(?:proxy-)?authorization|(?:set-)?cookie2?|[a-z0-9-]*(?:api-?key|token|secret)[a-z0-9-]*"
)
"""What matches the names of field lines that are secret in every message."""

_SECRET_NAME = re.compile(
    r"(?i)authorization|cookie|token|secret|password|passwd|api[-_]?key|credential|signature"
    r"|session|^(?:key|auth|sig)$"
)
_PARAMETER = re.compile(r"(?<=[?&])([^=&\s#]+)=([^&\s#]*)")

_declared: set[str] = set()
"""Lower-case names whose values the user called secret, for the whole process."""


def declare_secret(name: str) -> None:
    """Treat the values of a header or query parameter as secret from now on.

    Raises ValueError for what is no name.
    """
    if not is_token(name):
        raise ValueError(f"{name!r} is no header name; write the name alone, without its value")
    _declared.add(name.lower())


def declared_secrets() -> list[str]:
    """Return the names that were declared, in lower case."""
    return sorted(_declared)


def is_secret(name: str) -> bool:
    """Return whether the values of a header or query parameter are secret."""
    return name.lower() in _declared or _SECRET_NAME.search(name) is not None


def secret_parameters(target: str) -> list[tuple[str, str]]:
    """Return the secret query parameters of a URL or request target, as name and value."""
    pairs = ((unquote(match[1]), unquote(match[2])) for match in _PARAMETER.finditer(target))
    return [(name, value) for name, value in pairs if is_secret(name)]


def without_secrets(target: str, *, starred: bool = False) -> str:
    """Return a URL or request target with a placeholder for the values of secret parameters.

    `starred`: with asterisks, so that its length stays as it is.
    """

    def hidden(match: re.Match[str]) -> str:
        if not is_secret(unquote(match[1])):
            return match[0]
        return f"{match[1]}={'*' * len(match[2]) if starred else PLACEHOLDER}"

    return _PARAMETER.sub(hidden, target)


def without_parameters(target: str, names: Collection[str]) -> str:
    """Return a URL or request target without query parameters of some names."""
    path, mark, query = target.partition("?")
    left = [each for each in query.split("&") if unquote(each.partition("=")[0]) not in names]
    return path + mark * bool(left) + "&".join(left)


def with_parameters(target: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return a request target with more query parameters; those that it has stay as they are."""
    present = {unquote(match[1]) for match in _PARAMETER.finditer(target)}
    for name, value in parameters:
        if name not in present:
            mark = "&" if "?" in target else "?"
            target += f"{mark}{quote(name, safe='')}={quote(value, safe='')}"
    return target
