"""How a declared endpoint refuses a request."""

from __future__ import annotations

import json
from typing import Any

from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.declared.declaration import Declaration, Types
from streamchat_conformance.dialects.declared.pointers import found, is_of


def lacking(value: Any, require: Types) -> str:
    """Return what a JSON value lacks of what is required, or an empty string."""
    for pointer, types in require.items():
        values = found(value, pointer)
        if not values and "*" not in pointer.split("/"):
            return f"it has nothing at {pointer}"
        if not all(is_of(each, types) for each in values):
            return f"what stands at {pointer} is not of type {' or '.join(types)}"
    return ""


class DeclaredRefusals:
    """Refusals as [refusal] declares them."""

    not_json = ()

    def __init__(self, declaration: Declaration) -> None:
        refusal = declaration.refusal
        self._require = refusal.require if refusal is not None else {}
        types = {pointer: " or ".join(names) for pointer, names in self._require.items()}
        self.example = json.dumps(types) if types else "a 4xx"
        self.failure_example = "the event that the file declares as failed"

    def text(self, body: bytes) -> str | None:
        """Return the text in a refusal's body: that of the first required string.

        It is empty where no text is declared.
        """
        if not any("string" in types for types in self._require.values()):
            return ""
        value = read_json(body).value
        for pointer in self._require:
            texts = [each for each in found(value, pointer) if isinstance(each, str)]
            if texts:
                return texts[0]
        return None

    def reports_error(self, value: Any) -> bool:
        """Return whether a JSON value reports an error, as far as its shape is declared."""
        return bool(self._require) and not lacking(value, self._require)

    def problem(self, value: Any) -> str:
        """Return what is wrong with the JSON value of a refusal, or an empty string."""
        return lacking(value, self._require)
