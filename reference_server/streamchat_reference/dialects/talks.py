"""What dialects have in common whose requests are turns between a user and a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_reference import lossless_json
from streamchat_reference.answerers.interface import Question
from streamchat_reference.lossless_json import NotJsonError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamchat_reference.answerers.interface import OfferedTool
    from streamchat_reference.dialects.refused import RequestRefusedError
    from streamchat_reference.lossless_json import PlainJson


def read_object(
    media_type: str, body: bytes, refused: Callable[[str], RequestRefusedError]
) -> dict[str, PlainJson]:
    """Return a body's JSON object; raise what `refused` makes of a problem with it."""
    if not lossless_json.is_json(media_type):
        raise refused("Content-Type must be application/json")
    try:
        value = lossless_json.plain(lossless_json.read(body))
    except NotJsonError as error:
        raise refused(f"the body must be JSON, but {error}") from None
    if not isinstance(value, dict):
        raise refused("the body must be a JSON object")
    return value


def question_of(
    turns: Sequence[Mapping[str, PlainJson]],
    *,
    tools: tuple[OfferedTool, ...],
    must_call: bool,
    parallel_calls: bool,
    options: Mapping[str, PlainJson | None],
) -> Question:
    """Return the question that turns ask: the user's last words. Tools may have been called since.

    An option that is None was not set.
    """
    asked = max(
        (index for index, turn in enumerate(turns) if turn["role"] == "user"), default=len(turns)
    )
    return Question(
        prompt=str(turns[asked]["content"]) if asked < len(turns) else "",
        history=[dict(turn) for turn in turns[:asked]],
        since=[dict(turn) for turn in turns[asked + 1 :]],
        tools=tools,
        must_call=must_call,
        parallel_calls=parallel_calls,
        options={name: value for name, value in options.items() if value is not None},
    )
