"""The API key of a request: as a bearer's, or in a field of its own."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

KEY_FIELD = "X-Api-Key"


def knows_key(fields: Headers, api_key: str) -> bool:
    """Return whether a request has the key, in one of both forms.

    Both are read everywhere: a client of one dialect may ask for the list of models, too.
    """
    scheme, _, bearer = fields.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _equal(bearer.strip(), api_key):
        return True
    return _equal(fields.get(KEY_FIELD, ""), api_key)


def _equal(one: str, other: str) -> bool:
    # Compared in constant time, so that the time of a refusal says nothing about the key.
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
