"""Stubs for a new requirement: where it is decided, a server that breaks it, exchanges, texts."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dev.checkout import FIXTURES, LEFT_OPEN, SUITE, Plan, ScaffoldError, shown
from dev.source_text import LINE_LENGTH, common_decorated, free_name, importing

if TYPE_CHECKING:
    from pathlib import Path

JUDGES = SUITE / "judges"
CASES = SUITE / "cases"
TEXTS = SUITE / "report" / "texts"
FAULTS = FIXTURES / "faults"
EXCHANGES = FIXTURES / "exchanges"


@dataclass(frozen=True, kw_only=True)
class NewRequirement:
    """What the command line says of a requirement that is to be added."""

    id: str
    level: str
    source: str
    title: str = ""
    layer: str = "APPLICATION"
    judge: str | None = None
    case: str | None = None
    fault: str | None = None

    @property
    def area(self) -> str:
        """The part of the id before the point."""
        return self.id.partition(".")[0]

    @property
    def function(self) -> str:
        """The id's second part, as the name of a function."""
        return self.id.partition(".")[2].replace("-", "_")

    @property
    def declaration(self) -> str:
        """The arguments that declare it, one on a line."""
        title = self.title or f"{LEFT_OPEN}: the requirement, as one sentence."
        lines = [json.dumps(self.id), self.level, _quoted(title), f"source={_quoted(self.source)}"]
        lines += ["layer=SERVER"] if self.layer == "SERVER" else []
        return "".join(f"    {line},\n" for line in lines)

    @property
    def words(self) -> list[str]:
        """The names that the declaration uses."""
        return [self.level, *(["SERVER"] if self.layer == "SERVER" else [])]


def write_stubs(new: NewRequirement) -> None:
    """Write all stubs, and print where they are. Raises ScaffoldError, having written nothing."""
    _check(new)
    plan = Plan()
    if new.case is None:
        _judge(plan, new)
        _exchanges(plan, new)
    else:
        _case(plan, new)
    _fault(plan, new)
    _texts(plan, new)
    plan.write()
    print(f"Fill what is marked {LEFT_OPEN}, then run: python -m dev generate")


def _check(new: NewRequirement) -> None:
    from streamchat_conformance.catalogue import Level, Requirement
    from streamchat_conformance.core.nearest import nearest
    from streamchat_conformance.dialects.registry import DEFAULT, own_names
    from streamchat_conformance.judges import rules_of

    try:
        title = new.title or f"{LEFT_OPEN}."
        Requirement(id=new.id, level=Level(new.level), title=title, source=new.source)
    except ValueError as error:
        raise ScaffoldError(str(error)) from None
    catalogue = rules_of(DEFAULT).catalogue
    if new.id in catalogue:
        raise ScaffoldError(f"{new.id} is taken: {catalogue[new.id].title}")
    areas = sorted({entry.area for entry in catalogue.values()})
    if new.area in own_names():
        raise ScaffoldError(
            f"{new.area} is a dialect, and its requirements have no stubs: write them next to its "
            'others (docs/adding-a-dialect.md, "A requirement of a dialect")'
        )
    if new.area not in areas:
        raise ScaffoldError(f"there is no area {new.area!r}; {nearest(new.area, areas)}")
    if not new.source.strip() or re.search(r"[\r\n]", new.source + new.title):
        raise ScaffoldError("source and title are single lines, and the source is not empty")
    if new.judge is not None and new.case is not None:
        raise ScaffoldError("--judge and --case exclude each other: one exchange decides, or not")
    if new.judge is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", new.judge):
        raise ScaffoldError(f"--judge: {new.judge!r} is not the name of a module")


def _existing(folder: Path, option: str, name: str, area: str, prefix: str = "") -> Path:
    """Return a module of a folder. Raises ScaffoldError, naming those of the area."""
    path = folder / f"{prefix}{name}.py"
    if not name.isidentifier() or not path.is_file():
        files = sorted(folder.glob(f"{prefix}{area}*.py"))
        names = ", ".join(file.stem.removeprefix(prefix) for file in files)
        raise ScaffoldError(
            f"there is no {shown(path)}; give {option}, " + (f"one of: {names}" if names else "too")
        )
    return path


# -- where it is decided --------------------------------------------------------------------


def _judge(plan: Plan, new: NewRequirement) -> None:
    home = JUDGES / f"{new.judge or new.area}.py"
    package = "streamchat_conformance"
    if home.exists():
        text = plan.text(home)
        if common_decorated(text, "judge") is None:
            raise ScaffoldError(f"{shown(home)} contains no judges: give --judge another module")
    elif new.judge is None:
        cases = ", ".join(file.stem.removeprefix("test_") for file in _cases_of(new.area))
        raise ScaffoldError(
            f"several exchanges decide what is required in the area {new.area}: "
            f"give --case, one of: {cases}"
        )
    else:
        text = f'"""{new.area}: {LEFT_OPEN}."""\n\nfrom __future__ import annotations\n\n'
        text += f"from {package}.core.finding import Nonconformity\n"
    text = importing(text, f"{package}.catalogue", *new.words)
    text = importing(text, f"{package}.core.finding", "Nonconformity")
    text = importing(text, f"{package}.judges.judge", "Verdict", "judge")
    text = importing(text, f"{package}.judges.reading", "Reading")
    name = free_name(text, new.function, f"{new.area}_{new.function}")
    stub = f"""
@judge(
{new.declaration})
def {name}(reading: Reading) -> Verdict:
    # {LEFT_OPEN}: take what the sentence is about, from reading.head, .stream, .events, .payloads
    head = reading.head
    if head is None:
        return None  # this exchange decides nothing
    if not head.values("x-{LEFT_OPEN}"):  # {LEFT_OPEN}: the condition that is sound
        return []
    return [
        Nonconformity(
            "{LEFT_OPEN}: what it does to a client",
            "{LEFT_OPEN}: what is expected",
            "{LEFT_OPEN}: what was received",
            head.offset,
        )
    ]
"""
    _append(plan, home, text, stub)
    if f'of_area("{new.area}"' not in "".join(file.read_text("utf-8") for file in _case_files()):
        _deciding_case(plan, new)


def _case_files() -> list[Path]:
    return [*CASES.glob("test_*.py"), *SUITE.glob("dialects/*/cases/test_*.py")]


def _cases_of(area: str) -> list[Path]:
    return sorted(CASES.glob(f"test_{area}*.py"))


def _deciding_case(plan: Plan, new: NewRequirement) -> None:
    """Plan a case for an area whose judged requirements have no case in common."""
    home = max(_cases_of(new.area), key=lambda file: file.stem == f"test_{new.area}_http")
    text = importing(plan.text(home), "streamchat_conformance.catalogue", "decides")
    text = importing(text, "streamchat_conformance.suite.target.target", "Target")
    text = importing(text, "streamchat_conformance.suite.verdicts.judged", "check")
    name = free_name(text, f"test_{new.function}", f"test_{new.area}_{new.function}")
    stub = f"""
@decides("{new.id}")
def {name}(target: Target) -> None:  # {LEFT_OPEN}: name the outcome
    check(target.chat(target.plain(), events=1), "{new.id}")
"""
    _append(plan, home, text, stub)


def _case(plan: Plan, new: NewRequirement) -> None:
    assert new.case is not None
    home = _existing(CASES, "--case", new.case, new.area, "test_")
    if new.case.partition("_")[0] != new.area:
        raise ScaffoldError(f"--case: test_{new.case}.py is not about the area {new.area}")
    text = importing(plan.text(home), "streamchat_conformance.catalogue", *new.words, "requirement")
    text = importing(text, "streamchat_conformance.suite.target.target", "Target")
    text = importing(text, "streamchat_conformance.suite.verdicts.judged", "violation")
    name = free_name(text, f"test_{new.function}", f"test_{new.area}_{new.function}")
    stub = f"""
@requirement(
{new.declaration})
def {name}(target: Target) -> None:  # {LEFT_OPEN}: name the outcome
    target.require_stream()
    reading = target.chat(target.plain(), events=1)
    if not reading.accepted:  # {LEFT_OPEN}: the condition that is a breach
        raise violation(
            "{new.id}",
            "{LEFT_OPEN}: what it does to a client",
            "{LEFT_OPEN}: what is expected",
            reading,
        )
"""
    _append(plan, home, text, stub)


def _append(plan: Plan, path: Path, text: str, stub: str) -> None:
    plan.change(path, f"{text}\n{stub}", line=text.count("\n") + 3)


# -- a server that breaks it, and exchanges ---------------------------------------------------


def _fault(plan: Plan, new: NewRequirement) -> None:
    home = _existing(FAULTS, "--fault", new.fault or new.area, new.area)
    text = plan.text(home)
    example = common_decorated(text, "fault")
    if example is None:
        raise ScaffoldError(f"{shown(home)} has no fault whose step a new one could replace")
    function, decorator = example
    arguments = [each.arg for each in function.args.args[1:]]
    call = f"before({', '.join(arguments)})"
    gives_nothing = isinstance(function.returns, ast.Constant) and function.returns.value is None
    assert function.returns is not None
    name = f"breaks_{new.area}_{new.function}"
    signature = ast.unparse(function.args)
    if len(f"def {name}({signature}) -> {ast.unparse(function.returns)}:") > LINE_LENGTH:
        signature = f"\n    {signature}\n"
    stub = f'''
@fault({ast.unparse(decorator.args[0])}, "{new.id}")  # {LEFT_OPEN}: the step that changes
def {name}({signature}) -> {ast.unparse(function.returns)}:
    """{LEFT_OPEN}: Says what this server does."""
    {"" if gives_nothing else "return "}{call}
'''
    _append(plan, home, text, stub)


def _exchanges(plan: Plan, new: NewRequirement) -> None:
    sound = _sound_exchange(new.area)
    for what, why in (
        ("breaks", f"{LEFT_OPEN}: what is wrong with it."),
        ("clears", f"{LEFT_OPEN}: why nothing is, although it looks much like the other."),
    ):
        members = {"why": why, what: [new.id], **sound}
        text = json.dumps(members, indent=2, ensure_ascii=False)
        plan.create(EXCHANGES / f"{new.id}-{what}.json", text + "\n")


def _sound_exchange(area: str) -> dict[str, object]:
    """Return what is recorded in the first exchange about this area that breaks nothing."""
    for path in sorted(EXCHANGES.glob(f"{area}.*.json")):
        members: dict[str, object] = json.loads(path.read_text("utf-8"))
        if not members.get("breaks"):
            return {name: members[name] for name in members if name not in ("why", "clears")}
    raise ScaffoldError(f"no exchange of the area {area} is sound: there is none to start from")


# -- texts ----------------------------------------------------------------------------------


def _texts(plan: Plan, new: NewRequirement) -> None:
    path = TEXTS / f"{new.area}.toml"
    text = plan.text(path)
    common = Counter(re.findall(r'"([a-z-]+)"', " ".join(re.findall(r"frameworks = .*", text))))
    group = common.most_common(1)[0][0] if common else LEFT_OPEN
    table = (
        f'["{new.id}"]\n'
        f'why = "{LEFT_OPEN}: what happens to people when a server breaks it."\n'
        f'fix = "{LEFT_OPEN}: what the author of the server changes."\n'
        f'frameworks = ["{group}"]\n'
    )
    later = [hit for hit in re.finditer(r'^\["(.+)"\]$', text, re.MULTILINE) if hit[1] > new.id]
    if later:
        place = later[0].start()
        text = f"{text[:place]}{table}\n{text[place:]}"
    else:
        place = len(text) + 1
        text = f"{text}\n{table}"
    plan.change(path, text, line=text.count("\n", 0, place) + 1)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
