"""The tools of a request, and which of them the answer may or has to call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from streamchat_reference.answerers.interface import OfferedTool
from streamchat_reference.dialects.anthropic import members as of
from streamchat_reference.dialects.anthropic.refusals import MessageRefusedError

if TYPE_CHECKING:
    from streamchat_reference.lossless_json import PlainJson

MOST_TOOLS = 128
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def read_tools(tools: PlainJson, choice: PlainJson) -> tuple[tuple[OfferedTool, ...], bool, bool]:
    """Return the tools that may be called, whether one has to be, and whether several may be."""
    offered = _read_offered(tools)
    if choice is None:
        return offered, False, True
    if not isinstance(choice, dict):
        raise MessageRefusedError("tool_choice: Input should be an object")
    if not offered:
        raise MessageRefusedError("tool_choice: may only be specified while providing tools")
    several = not of.boolean(choice, "disable_parallel_tool_use")
    match choice:
        case {"type": "auto"}:
            return offered, False, several
        case {"type": "any"}:
            return offered, True, several
        case {"type": "none"}:
            return (), False, several
        case {"type": "tool", "name": str(name)}:
            for tool in offered:
                if tool.name == name:
                    return (tool,), True, several
            raise MessageRefusedError("tool_choice.name: no tool has this name")
    raise MessageRefusedError(
        "tool_choice.type: Input should be 'auto', 'any', 'none', or 'tool' with a name"
    )


def _read_offered(tools: PlainJson) -> tuple[OfferedTool, ...]:
    if tools is None:
        return ()
    if not isinstance(tools, list) or len(tools) > MOST_TOOLS:
        raise MessageRefusedError(f"tools: Input should be a list of at most {MOST_TOOLS}")
    offered = tuple(_read_tool(tool, f"tools.{index}") for index, tool in enumerate(tools))
    if len({tool.name for tool in offered}) < len(offered):
        raise MessageRefusedError("tools: Tool names must be unique")
    return offered


def _read_tool(tool: Any, place: str) -> OfferedTool:
    match tool:
        case {"name": str(name), "input_schema": dict(schema)} if tool.get("type") in (
            None,
            "custom",
        ) and _NAME.fullmatch(name):
            description = tool.get("description", "")
            if isinstance(description, str):
                return OfferedTool(name, description, schema)
    raise MessageRefusedError(
        f"{place}: Input should be a tool of type 'custom', with a name of letters, digits, "
        "'_' or '-', an input_schema, and a description that is a string"
    )
