"""Settings of one deployment: model, key, limits, and members of each request."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from streamchat_conformance.core.nearest import nearest
from streamchat_conformance.dialects.interface import Deployment, Dialect
from streamchat_conformance.suite.config.typed import (
    LONGEST_LIMIT_S,
    SettingsError,
    check_names,
    typed,
)

DEPLOYMENT_KEYS = frozenset(
    {
        *("model", "prompt", "prompts", "api_key", "cap", "slots", "context", "skip_large"),
        *("answers", "refusal_limit_s"),
    }
)
"""Keys of [target] that say what is particular to a deployment."""
MEMBERS_KEY = "members"
"""The key of [request] for members of each request."""

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_KEY = re.compile(r"[!-~]+")


def deployment_of(
    target: Mapping[str, Any],
    request: Mapping[str, Any],
    prompts: Collection[str] = (),
    answers: Collection[str] = (),
) -> Deployment:
    """Return what the tables [target] and [request] say of a deployment. Raises SettingsError.

    `prompts` are the features for which the dialect takes a prompt, `answers` what answers may be
    made of in it.
    """
    check_names(request, {MEMBERS_KEY}, "request")
    members = request.get(MEMBERS_KEY, {})
    if not isinstance(members, dict):
        raise SettingsError("'request.members' must be a table")
    cap_name, cap = "", target.get("cap")
    if isinstance(cap, dict):
        check_names(cap, {"name", "value"}, "target.cap")
        cap_name = typed(cap, "name", str, "", "target.cap")
        cap = typed(cap, "value", int, None, "target.cap")
    elif cap is not None:
        cap = typed(target, "cap", int, None, "target")
    slots = typed(target, "slots", int, None, "target")
    context = typed(target, "context", int, None, "target")
    for name, number in (("cap", cap), ("slots", slots), ("context", context)):
        if number is not None and number < 1:
            raise SettingsError(f"'target.{name}' must be above 0, not {number!r}")
    return Deployment(
        model=typed(target, "model", str, "", "target"),
        prompt=typed(target, "prompt", str, "", "target"),
        cap=cap,
        cap_name=cap_name,
        slots=slots,
        context=context,
        prompts=_prompts(target.get("prompts", {}), prompts),
        skip_large=typed(target, "skip_large", bool, None, "target"),
        members=members,
        answers=_answers(target, answers),
        refusal_s=_refusal_s(target),
    )


def known_of(dialect: Dialect, deployment: Deployment) -> Mapping[str, bool]:
    """Return the capabilities that a deployment is known to have (True) or lack (False)."""
    by_answers = dialect.answers.get(deployment.answers, {})
    return {**dialect.known, **{capability.name: has for capability, has in by_answers.items()}}


def _answers(target: Mapping[str, Any], known: Collection[str]) -> str:
    name: str = typed(target, "answers", str, "", "target")
    if name and name not in known:
        if not known:
            raise SettingsError("'target.answers' has no meaning in this dialect")
        raise SettingsError(f"'target.answers' {name!r} is unknown; {nearest(name, known)}")
    return name


def _refusal_s(target: Mapping[str, Any]) -> float | None:
    seconds = typed(target, "refusal_limit_s", (int, float), None, "target")
    if seconds is not None and not 0 < seconds < LONGEST_LIMIT_S:
        raise SettingsError(
            f"'target.refusal_limit_s' must be a number of seconds above 0, not {seconds!r}"
        )
    return None if seconds is None else float(seconds)


def _prompts(table: Any, known: Collection[str]) -> Mapping[str, str]:
    if not isinstance(table, dict):
        raise SettingsError("'target.prompts' must be a table")
    check_names(table, known, "target.prompts")
    return {name: typed(table, name, str, "", "target.prompts") for name in table}


def variable_referred_to(text: str) -> str:
    """Return the variable to which `api_key` in a target file refers. Raises SettingsError.

    A key itself does not stand in a file that is shared.
    """
    reference = _REFERENCE.fullmatch(text)
    if reference is None:
        raise SettingsError(
            "'target.api_key' must name a variable of the environment, as in '${API_KEY}'"
        )
    return reference[1]


def key_in_environment(name: str, where: str) -> str:
    """Return the key that a variable of the environment has. Raises SettingsError."""
    key = os.environ.get(name, "").strip()
    if not key:
        raise SettingsError(f"{where}: the environment variable {name!r} is not set, or empty")
    if not _KEY.fullmatch(key):
        raise SettingsError(
            f"{where}: the value of {name!r} has spaces or characters that no header may have"
        )
    return key


def with_field(
    headers: tuple[tuple[str, str], ...], name: str, value: str
) -> tuple[tuple[str, str], ...]:
    """Return header fields with one more, in place of another of its name."""
    return (*(field for field in headers if field[0].lower() != name.lower()), (name, value))


def with_model(deployment: Deployment, model: str | None) -> Deployment:
    """Return a deployment with the model that an option names, if it does."""
    return deployment if model is None else replace(deployment, model=model)
