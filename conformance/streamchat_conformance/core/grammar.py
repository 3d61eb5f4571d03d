"""What HTTP's grammar calls a token: names of fields, methods, parameters and codings.

Patterns of other modules are built from it, so that it is written once (RFC 9110 section 5.6.2).
"""

from __future__ import annotations

from typing import Final

TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
"""A pattern for text. It gives nothing back: what follows a token is never part of one."""
TOKEN_BYTES: Final = TOKEN.encode("ascii")
"""The same for bytes."""
