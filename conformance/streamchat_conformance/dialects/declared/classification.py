"""What a request's JSON object asks of a declared endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.declared.declaration import (
    Declaration,
    DeclaredRequestForm,
    UnknownMembers,
)
from streamchat_conformance.dialects.declared.pointers import found, is_of, with_value
from streamchat_conformance.dialects.declared.templates import UUIDS, matched
from streamchat_conformance.dialects.interface import Asked
from streamchat_conformance.dialects.valid_requests import of_valid


def lacking_member(form: DeclaredRequestForm, value: Any) -> str:
    """Return what a request lacks that must be there, or has of another type; or nothing."""
    for pointer, types in form.required.items():
        values = found(value, pointer)
        if not values and pointer not in form.optional:
            return f"without {pointer}"
        if any(each is None and not is_of(each, types) for each in values):
            return f"with null for {pointer}"
        if not all(is_of(each, types) for each in values):
            return f"with something else than {' or '.join(types)} for {pointer}"
    return ""


def _first_turn(form: DeclaredRequestForm, value: Any) -> Any:
    """Return a request without what says which conversation it goes on with, if it says that."""
    where = form.continue_set
    if not where or found(form.template, where) or not any(found(value, where)):
        return value
    return with_value(value, where, ...)


@dataclass(frozen=True)
class DeclaredClassification:
    """Reads requests by the declared form; what is not declared may be accepted or refused."""

    declaration: Declaration

    def __call__(self, sent: SentRequest, reading: JsonReading) -> Asked:
        """Return what a request asks."""
        form, name = self.declaration.request, self.declaration.name
        if reading.duplicate_names:
            return Asked(Expectation.EITHER, sent=sent)
        if lacking_member(form, reading.value):
            return Asked(Expectation.REFUSE, (f"{name}.required",), sent=sent)
        value = _first_turn(form, reading.value)
        bindings = matched(form, value)
        if bindings is None:
            return Asked(Expectation.EITHER, sent=sent)
        said: dict[str, Any] = {
            key: bindings.values[key]
            for key in ("prompt", "history", "model", *UUIDS)
            if key in bindings.values
        }
        if bindings.values.get("prompt") == "":
            return Asked(Expectation.EITHER, sent=sent, values=said)
        # Only the server knows which conversations there are; what it streams is judged.
        unsure = [] if value is reading.value else [f"{name}.continue"]
        if bindings.unknown:
            row = f"{name}.unknown-members"
            if form.unknown_members is UnknownMembers.REFUSED:
                return Asked(Expectation.REFUSE, (row,), sent=sent)
            if form.unknown_members is UnknownMembers.UNSPECIFIED:
                asked = of_valid(sent, reading, said)
                # What must be survived must be so in any member.
                survived = asked.expectation is Expectation.EITHER
                return asked if survived else Asked(Expectation.EITHER, sent=sent, values=said)
            unsure.append(row)
        return of_valid(sent, reading, said, unsure=unsure, sure=[f"{name}.accepted"])
