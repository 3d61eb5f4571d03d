"""Bodies of this endpoint: valid ones, and ones with a fault in a member of their own."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.dialects.stream_chat.places import raw_body
from streamchat_conformance.dialects.stream_chat.strategies.histories import histories
from streamchat_conformance.strategies import json_text, prompts

__all__ = ["bodies_missing", "bodies_with", "raw_body", "valid_bodies"]

_MEMBERS = ("prompt", "history")

# None that a real server may take for another spelling of `prompt` or `history`.
_OTHER_NAMES = ("x-unknown", "", "prompts", "prompt ", "history[]", "history2", "\u00e9")


def valid_bodies() -> st.SearchStrategy[bytes]:
    """Draw valid requests in any legal spelling, the members in either order."""
    return st.builds(
        lambda prompt, history, spelling: json_text(
            {"prompt": prompt, "history": history}, spelling=spelling
        ),
        prompts(max_size=20),
        histories(max_items=2),
        st.integers(0, 2**64 - 1),
    )


def bodies_missing(member: str) -> st.SearchStrategy[bytes]:
    """Draw requests without `member` (`"prompt"` or `"history"`), valid but for that.

    Other members may stand there, none of which is `member` in any case: some JSON libraries
    match names case-blind.
    """
    _check_member(member)
    return st.builds(
        lambda request, name, extra: json_text(
            {key: value for key, value in {**request, name: extra}.items() if key != member}
        ),
        _requests(),
        st.sampled_from(_OTHER_NAMES),
        st.sampled_from(["Hello", [], None]),
    )


def bodies_with(member: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Draw requests whose `member` is one of `values` (JSON values), valid but perhaps for that."""
    _check_member(member)
    return st.builds(
        lambda request, value: json_text({**request, member: value}), _requests(), values
    )


def _check_member(member: str) -> None:
    if member not in _MEMBERS:
        raise ValueError(f"a request has the members {' and '.join(_MEMBERS)}, not {member!r}")


def _requests() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"prompt": prompts(max_size=10), "history": st.sampled_from([[], ["Hi"], [{"a": 1}]])}
    )
