"""The tools of a request, and which of them the answer may or has to call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from streamchat_reference.answerers.interface import OfferedTool
from streamchat_reference.dialects.openai.refusals import CompletionRefusedError

if TYPE_CHECKING:
    from streamchat_reference.lossless_json import PlainJson

MOST_TOOLS = 128
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def read_tools(tools: PlainJson, choice: PlainJson) -> tuple[tuple[OfferedTool, ...], bool]:
    """Return the tools that may be called, and whether one has to be."""
    offered = _read_offered(tools)
    match choice:
        case None | "auto":
            return offered, False
        case "none":
            return (), False
        case "required" if offered:
            return offered, True
        case {"type": "function", "function": {"name": str(name)}} if offered:
            for tool in offered:
                if tool.name == name:
                    return (tool,), True
            raise CompletionRefusedError(
                "'tool_choice' names a tool that is not offered", "tool_choice"
            )
        case "required" | {"type": "function"} if not offered:
            raise CompletionRefusedError("'tool_choice' needs 'tools'", "tool_choice")
    raise CompletionRefusedError(
        "'tool_choice' must be 'none', 'auto', 'required' or an object that names a function",
        "tool_choice",
    )


def _read_offered(tools: PlainJson) -> tuple[OfferedTool, ...]:
    if tools is None:
        return ()
    if not isinstance(tools, list) or len(tools) > MOST_TOOLS:
        raise CompletionRefusedError(f"'tools' must be an array of at most {MOST_TOOLS}", "tools")
    offered = tuple(_read_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools))
    if len({tool.name for tool in offered}) < len(offered):
        raise CompletionRefusedError("the names of 'tools' must differ", "tools")
    return offered


def _read_tool(tool: Any, place: str) -> OfferedTool:
    match tool:
        case {"type": "function", "function": {"name": str(name), **function}}:
            pass
        case _:
            raise CompletionRefusedError(
                f"{place} must be of type 'function' and have a function with a name", place
            )
    if not _NAME.fullmatch(name):
        raise CompletionRefusedError(
            f"{place}.function.name must be 1 to 64 letters, digits, '_' or '-'",
            f"{place}.function.name",
        )
    description = function.get("description")
    if not isinstance(description, str | None):
        raise CompletionRefusedError(
            f"{place}.function.description must be a string", f"{place}.function.description"
        )
    parameters = function.get("parameters")
    if not isinstance(parameters, dict | None):
        raise CompletionRefusedError(
            f"{place}.function.parameters must be a JSON Schema", f"{place}.function.parameters"
        )
    return OfferedTool(name, description or "", parameters or {})
