"""An answerer of the user's own: any callable, named `module:callable`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamchat_reference.answerers.interface import Pieces, Question
    from streamchat_reference.lossless_json import PlainJson


class UnknownAnswererError(ValueError):
    """There is no such answerer. The message is one sentence."""


@dataclass(frozen=True)
class CallableAnswerer:
    """Calls `function(prompt, history)` for its pieces, in a thread where it may block."""

    blocking: ClassVar[bool] = True
    echoes_request: ClassVar[bool] = False
    certain: ClassVar[bool] = False
    calls_tools: ClassVar[bool] = False

    function: Callable[[str, list[PlainJson]], Pieces]

    def generate(self, question: Question) -> Pieces:
        """Return what the function returns."""
        return self.function(question.prompt, question.history)


def load_answerer(name: str) -> CallableAnswerer:
    """Import `module:callable`. Raises `UnknownAnswererError` when it is not there."""
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - whatever the user's module raises when imported
        raise UnknownAnswererError(
            f"cannot import {module_name!r}: {type(error).__name__}: {error}"
        ) from None
    function = getattr(module, attribute, None)
    if not callable(function):
        raise UnknownAnswererError(f"{module_name!r} has no callable {attribute!r}")
    return CallableAnswerer(cast("Callable[[str, list[PlainJson]], Pieces]", function))
