"""How the endpoint refuses a request, and how it reports a failure."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.core.strict_json import read_json


class AcmeRefusals:
    """Refusals whose JSON object has a `problem` with a message."""

    example = '{"problem": {"message": "text"}}'
    failure_example = 'event: failed, data: {"problem": …}'
    not_json = ()

    def text(self, body: bytes) -> str | None:
        """Return the error text, or None when there is no such string."""
        value = read_json(body).value
        if self.problem(value):
            return None
        return str(value["problem"]["message"])

    def reports_error(self, value: Any) -> bool:
        """Return whether a JSON value reports an error."""
        return isinstance(value, dict) and "problem" in value

    def problem(self, value: Any) -> str:
        """Return what is wrong with the JSON value of a refusal, or an empty string."""
        problem = value.get("problem") if isinstance(value, dict) else None
        message = problem.get("message") if isinstance(problem, dict) else None
        return "" if isinstance(message, str) and message else "it has no `problem.message`"
