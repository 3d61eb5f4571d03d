"""What a request's JSON object asks of a declared endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.declared.declaration import Declaration, UnknownMembers
from streamchat_conformance.dialects.declared.pointers import found, is_of
from streamchat_conformance.dialects.declared.templates import matched
from streamchat_conformance.dialects.interface import Asked
from streamchat_conformance.dialects.valid_requests import of_valid


@dataclass(frozen=True)
class DeclaredClassification:
    """Reads requests by the declared form; what is not declared may be accepted or refused."""

    declaration: Declaration

    def __call__(self, sent: SentRequest, reading: JsonReading) -> Asked:
        """Return what a request asks."""
        form, name = self.declaration.request, self.declaration.name
        if reading.duplicate_names:
            return Asked(Expectation.EITHER, sent=sent)
        for pointer, types in form.required.items():
            values = found(reading.value, pointer)
            missing = not values and pointer not in form.optional
            if missing or not all(is_of(value, types) for value in values):
                return Asked(Expectation.REFUSE, (f"{name}.required",), sent=sent)
        bindings = matched(form, reading.value)
        if bindings is None:
            return Asked(Expectation.EITHER, sent=sent)
        said: dict[str, Any] = {
            key: bindings.values[key]
            for key in ("prompt", "history", "model")
            if key in bindings.values
        }
        if bindings.values.get("prompt") == "":
            return Asked(Expectation.EITHER, sent=sent, values=said)
        unsure = []
        if bindings.unknown:
            row = f"{name}.unknown-members"
            if form.unknown_members is UnknownMembers.REFUSED:
                return Asked(Expectation.REFUSE, (row,), sent=sent)
            if form.unknown_members is UnknownMembers.UNSPECIFIED:
                asked = of_valid(sent, reading, said)
                # What must be survived must be so in any member.
                survived = asked.expectation is Expectation.EITHER
                return asked if survived else Asked(Expectation.EITHER, sent=sent, values=said)
            unsure = [row]
        return of_valid(sent, reading, said, unsure=unsure, sure=[f"{name}.accepted"])
