"""Small changes to the text of a Python module."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections import Counter

LINE_LENGTH = 100
_IMPORTS = (ast.Import, ast.ImportFrom)


def importing(text: str, module: str, *names: str) -> str:
    """Return a module's text that imports these names as well, in the order of the linter."""
    lines = text.splitlines(keepends=True)
    imports = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__"
    ]
    for node in imports:
        if node.module == module:
            known = {alias.name for alias in node.names if alias.asname is None}
            if known >= set(names):
                return text
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [_statement(module, known | set(names))]
            return "".join(lines)
    package = module.partition(".")[0]
    ours = [node for node in imports if (node.module or "").partition(".")[0] == package]
    later = [node for node in ours if (node.module or "") > module]
    if later:
        lines.insert(later[0].lineno - 1, _statement(module, set(names)))
    elif ours:
        lines.insert(ours[-1].end_lineno or 0, _statement(module, set(names)))
    else:
        every = [each for each in ast.parse(text).body if isinstance(each, _IMPORTS)]
        place = every[-1].end_lineno or 0
        lines[place:place] = ["\n", _statement(module, set(names))]
    return "".join(lines)


def _statement(module: str, names: set[str]) -> str:
    ordered = sorted(names, key=_kind)
    line = f"from {module} import {', '.join(ordered)}\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")\n"


def _kind(name: str) -> tuple[int, str]:
    """Return the key that sorts constants before classes before functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def free_name(text: str, wanted: str, otherwise: str) -> str:
    """Return the name for a function of this module: `wanted`, unless it means something else."""
    taken = {
        name
        for node in ast.walk(ast.parse(text))
        for name in (getattr(node, "name", None), getattr(node, "id", None))
    }
    strange = keyword.iskeyword(wanted) or hasattr(builtins, wanted) or not wanted.isidentifier()
    return otherwise if strange or wanted in taken else wanted


def common_decorated(text: str, decorator: str) -> tuple[ast.FunctionDef, ast.Call] | None:
    """Return a function with this decorator, and the decorator's call.

    It is the first of those that have the most common first argument.
    """
    found = [
        (node, each)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
        for each in node.decorator_list
        if isinstance(each, ast.Call)
        and isinstance(each.func, ast.Name)
        and each.func.id == decorator
        and each.args
    ]
    counts = Counter(ast.unparse(call.args[0]) for _, call in found)
    return max(found, key=lambda one: counts[ast.unparse(one[1].args[0])]) if found else None
