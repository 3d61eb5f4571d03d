"""A new dialect: the small example of the tests under another name, in folders of its own."""

from __future__ import annotations

import ast
import keyword
import re

from dev.checkout import FIXTURES, LEFT_OPEN, ROOT, SUITE, Plan, ScaffoldError, shown
from dev.dialect_samples import exchanges, texts
from dev.source_text import importing

EXAMPLE = ROOT / "tests" / "dialects" / "acme"
TESTS = ROOT / "tests" / "dialects"
EXAMPLE_STEPS = TESTS / "acme_steps.py"
EXAMPLE_FAULTS = TESTS / "acme_faults.py"
MARK = f"# {LEFT_OPEN}: this is what the example says; write what the dialect says.\n"
UNMARKED = {"rules.py"}
PACKAGES = {"": "the dialect", "judges": "judges of one exchange", "cases": "cases"}

LEGAL = '''\
"""Odd servers of {name} that break no MUST."""

from __future__ import annotations

from typing import Final

from streamchat_fixtures.variants import Legal, Registry

LEGAL: Final[Registry[Legal]] = Registry()
'''

TEST = '''\
"""A good server of {name} breaks nothing, and each faulty one what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.dialects import faults_of, steps_of
from streamchat_fixtures.variants import Fault

FAST = ControlSettings(events=5, interval_s=0.02)
LIMIT_S = 180.0


def judged(server: ControlServer, report: Path) -> dict[str, set[str]]:
    """Judge a server whole; return the ids of MUST and SHOULD by outcome.

    A fault that comes now and then shows only among the many streams of a whole judgement.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "streamchat_conformance", "-q", "--dialect={name}"),
            *(f"--target-url={{server.url}}", "--thoroughness=quick", "--max-requests=100000"),
            f"--report-json={{report}}",
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, set[str]] = {{}}
    for entry in json.loads(report.read_text("utf-8"))["requirements"]:
        if entry["level"] != "MAY":
            found.setdefault(entry["outcome"], set()).add(entry["id"])
    return found


def test_a_good_server_of_{name}_breaks_nothing(tmp_path: Path) -> None:
    with ControlServer(settings=FAST, steps=steps_of("{name}")) as server:
        found = judged(server, tmp_path / "report.json")
    assert "fail" not in found
    assert {{id_ for fault in faults_of("{name}") for id_ in fault.breaks}} <= found["pass"]


@pytest.mark.parametrize("fault", faults_of("{name}"), ids=lambda fault: fault.name)
def test_a_faulty_server_of_{name}_breaks_what_it_says(fault: Fault, tmp_path: Path) -> None:
    with ControlServer([fault], settings=FAST, steps=steps_of("{name}")) as server:
        red = judged(server, tmp_path / "report.json").get("fail", set())
    assert set(fault.breaks) <= red <= {{*fault.breaks, *fault.consequences}}
'''


def write_dialect(name: str) -> None:
    """Write a dialect that works, and print where. Raises ScaffoldError, having written nothing."""
    _check(name)
    plan = Plan()
    home = f"streamchat_conformance.dialects.{name}"
    for file in sorted(EXAMPLE.rglob("*.py")):
        place = file.relative_to(EXAMPLE)
        target = SUITE / "dialects" / name / place.with_name(place.name.replace("acme", name))
        if file.name == "__init__.py":
            plan.create(
                target, f'"""{name}: {PACKAGES[file.parent.name.replace("acme", "")]}."""\n'
            )
            continue
        text = _renamed(plan.text(file), name, home)
        if file.name not in UNMARKED and "cases" not in place.parts:
            text = _marked(text, MARK)
        plan.create(target, text)
    signature = re.sub(r"\bacme\b", name, plan.text(EXAMPLE / "signature.toml"))
    plan.create(SUITE / "dialects" / name / "signature.toml", f"{MARK}{signature}")
    plan.create(SUITE / "dialects" / name / "texts" / f"{name}.toml", texts(name))
    servers = FIXTURES / "dialects" / name
    for relative, content in exchanges(name).items():
        plan.create(servers / "exchanges" / relative, content)
    plan.create(servers / "__init__.py", f'"""{name}: what the control server says."""\n')
    steps = re.sub(r'^""".*', f'"""{name} on the control server."""', plan.text(EXAMPLE_STEPS))
    noted = f"# ruff: noqa: ARG002, D102 -- a step is described by the control's\n{MARK}"
    steps = _marked(_renamed(steps, name, home), noted)
    plan.create(servers / "steps.py", f"{steps}\n\nSTEPS = {name.capitalize()}Steps\n")
    faults = re.sub(
        r'^""".*',
        f'"""Servers of {name} that break its own requirements."""',
        plan.text(EXAMPLE_FAULTS),
    )
    faults = _moved(faults, "acme_steps", f"streamchat_fixtures.dialects.{name}.steps")
    noted = f"# ruff: noqa: D401 -- a docstring says what the faulty server does\n{MARK}"
    plan.create(servers / "faults.py", _marked(_renamed(faults, name, home), noted))
    plan.create(servers / "legal.py", LEGAL.format(name=name))
    plan.create(TESTS / f"test_{name}.py", TEST.format(name=name))
    plan.write()
    print(f"The dialect works: streamchat-conformance list --dialect {name}")
    print(f"Change what is marked {LEFT_OPEN}, and run: pytest tests/dialects/test_{name}.py")


def _check(name: str) -> None:
    from streamchat_conformance.dialects.registry import DEFAULT, names
    from streamchat_conformance.judges import rules_of

    if not re.fullmatch(r"[a-z]{2,30}", name) or keyword.iskeyword(name):
        raise ScaffoldError(
            f"{name!r} is not the name of a dialect: use small letters only, since the ids of its "
            "requirements begin with it"
        )
    if name in names() or name in {"acme", "dialect"}:
        raise ScaffoldError(f"there is a dialect named {name}")
    if name in {entry.area for entry in rules_of(DEFAULT).catalogue.values()}:
        raise ScaffoldError(f"{name} is an area of requirements: give the dialect another name")
    if not EXAMPLE.is_dir():
        raise ScaffoldError(f"{shown(EXAMPLE)}, which a new dialect is made from, is missing")


def _renamed(text: str, name: str, home: str) -> str:
    """Return a module of the example as one of the new dialect."""
    text = _moved(text, "acme", home)
    text = re.sub(r'\btitle="[^"]*"', f'title="{LEFT_OPEN}: one line for people"', text)
    text = text.replace('package="acme"', f'package="{home}"')
    text = text.replace('"acme.dialect"', f'"{name}"').replace('source="acme"', 'source="practice"')
    return re.sub(r"\bacme\b", name, text).replace("Acme", name.capitalize())


def _moved(text: str, old: str, new: str) -> str:
    """Return a module's text that imports from one package what it imported from another."""
    lines = text.splitlines(keepends=True)
    imports: list[tuple[str, list[str]]] = []
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == old:
            module = new + (node.module or "").removeprefix(old)
            imports.append((module, [alias.name for alias in node.names]))
            del lines[node.lineno - 1 : node.end_lineno]
    text = "".join(lines)
    for module, names in imports:
        text = importing(text, module, *names)
    text = _spaced(text)
    # Next to the suite's own modules the linter parts what is installed from them.
    return re.sub(r"^(import pytest\n)(?=from streamchat)", r"\1\n", text, flags=re.MULTILINE)


def _spaced(text: str) -> str:
    """Return a module's text with as many empty lines below its imports as the linter wants."""
    body = ast.parse(text).body
    last = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)][-1]
    first = body[body.index(last) + 1]
    decorators = first.decorator_list if isinstance(first, ast.FunctionDef | ast.ClassDef) else []
    empty = 2 if isinstance(first, ast.FunctionDef | ast.ClassDef) else 1
    lines = text.splitlines(keepends=True)
    begun = min([first.lineno, *(each.lineno for each in decorators)])
    lines[last.end_lineno : begun - 1] = ["\n"] * empty
    return "".join(lines)


def _marked(text: str, mark: str) -> str:
    """Return a module's text with a comment below its docstring."""
    end = ast.parse(text).body[0].end_lineno or 0
    lines = text.splitlines(keepends=True)
    lines[end:end] = ["\n", mark]
    return "".join(lines)
