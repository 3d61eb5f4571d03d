"""Scaffolds write stubs that load and say what is left to fill, and generated pages are current."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from unmeasured import unmeasured

from .documents import blocks
from .sources import ROOT, tracked_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LEFT_OPEN = "TO" + "DO"
LIMIT_S = 60.0
COPIED = (
    *("conformance", "fixtures", "dev", "docs", "tests/dialects", "tests/project/ids.txt"),
    *("README.md", "pyproject.toml", "tests/common", "tests/conftest.py"),
)
NEW = ("new", "headers.etag", "--level=should", "--source=RFC 9110 section 8.8.3")


IN_A_COPY = {name: value for name, value in unmeasured().items() if not name.startswith("PYTEST_")}
"""The environment of what runs in a copy: its coverage would count for nothing."""


def run(root: Path, *arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    """Run the scripts of a checkout, or a program that imports them."""
    return subprocess.run(
        [sys.executable, *(["-c", program] if program else ["-m", "dev"]), *arguments],
        cwd=root,
        env=dict(os.environ) if root == ROOT else IN_A_COPY,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def run_all(root: Path, *commands: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run several of the scripts' commands in one process, since starting takes longest.

    The last line that it prints has the exit code of each.
    """
    program = f"from dev.__main__ import main; print([main(each) for each in {commands!r}])"
    return run(root, program=program)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the parts of this checkout that the scripts change, with its bytecode."""
    target = tmp_path_factory.mktemp("compiled")
    for file in tracked_files():
        name = file.relative_to(ROOT).as_posix()
        if name.startswith(COPIED):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target / name)
    assert run(target, "generate", "--check").stderr == ""
    return target


@pytest.fixture
def checkout(compiled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(compiled, tmp_path, dirs_exist_ok=True)


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.guard
def test_everything_generated_is_up_to_date() -> None:
    done = run(ROOT, "generate", "--check")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_scaffold_writes_judge_fault_exchanges_and_texts(checkout: Path) -> None:
    before = contents(checkout)
    done = run(checkout, *NEW)
    assert done.returncode == 0, done.stderr
    after = contents(checkout)
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {
        "conformance/streamchat_conformance/judges/headers.py",
        "conformance/streamchat_conformance/report/texts/headers.toml",
        "fixtures/streamchat_fixtures/exchanges/headers.etag-breaks.json",
        "fixtures/streamchat_fixtures/exchanges/headers.etag-clears.json",
        "fixtures/streamchat_fixtures/faults/headers.py",
    }
    places = dict(line.rsplit(":", 1) for line in done.stdout.splitlines()[:-1])
    assert set(places) == changed
    for name, number in places.items():
        lines = after[name].decode("utf-8").splitlines()
        stub = "\n".join(lines[int(number) - 1 : int(number) + 8])
        assert "headers.etag" in stub or "json" in name
        assert LEFT_OPEN in stub
    assert "headers.etag is taken" in run(checkout, *NEW).stderr


SCAFFOLDS = (
    NEW,
    ("new", "error.list", "--level=must", "--source=article", "--layer=server"),
    ("new", "sse.etag", "--level=may", "--source=practice", "--judge=etags"),
    ("new", "request.x", "--level=may", "--source=practice", "--fault=request_head"),
    ("new", "connection.x", "--level=may", "--source=practice", "--case=connection_sequence"),
    ("new", "transport.x", "--level=may", '--source=a "quoted" one', "--title=It's \\ so."),
)


def count_in_readme(root: Path) -> int:
    found = re.search(r"(\d+) requirements,", (root / "README.md").read_text("utf-8"))
    assert found is not None
    return int(found[1])


def test_stubs_of_every_kind_load_and_are_among_what_is_generated(checkout: Path) -> None:
    done = run_all(checkout, *SCAFFOLDS)
    assert (done.stdout.splitlines()[-1], done.stderr) == (str([0] * len(SCAFFOLDS)), "")
    generated = run_all(checkout, ["generate", "--check"], ["generate"])
    assert (generated.stdout.splitlines()[-1], generated.stderr) == ("[1, 0]", "")
    assert "docs/requirements.md is out of date: run python -m dev generate" in generated.stdout
    for name in ("docs/requirements.md", "docs/kill-matrix.md", "tests/project/ids.txt"):
        text = (checkout / name).read_text("utf-8")
        assert [one[1] for one in SCAFFOLDS if one[1] not in text] == [], name
    assert count_in_readme(checkout) == count_in_readme(ROOT) + len(SCAFFOLDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Headers.Etag",), "requirement id 'Headers.Etag' is not of the form area.some-name"),
        (("etag",), "requirement id 'etag' is not of the form area.some-name"),
        (("header.etag",), "there is no area 'header'; did you mean 'headers'?"),
        (("openai.etag",), "openai is a dialect, and its requirements have no stubs: write them"),
        (("zzz.etag",), "there is no area 'zzz'; known are connection, error, headers,"),
        (("headers.date",), "headers.date is taken: Date is present and valid."),
        (("headers.etag", "--source= "), "the source is not empty"),
        (("headers.etag", "--title=No full stop"), "the title is a sentence"),
        (("headers.etag", "--judge=rules"), "judges/rules.py contains no judges"),
        (("headers.etag", "--judge=../x"), "'../x' is not the name of a module"),
        (("headers.etag", "--judge=a", "--case=headers"), "exclude each other"),
        (("headers.etag", "--fault=nothing"), "give --fault, one of: headers, headers_request"),
        (("request.etag",), "there is no fixtures/streamchat_fixtures/faults/request.py; give"),
        (("connection.etag",), "give --case, one of: connection, connection_chunks,"),
        (("connection.etag", "--case=stream"), "test_stream.py is not about the area connection"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_clear_line_and_writes_nothing(
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from dev import __main__, checkout

    monkeypatch.delattr(checkout.Plan, "write")
    assert __main__.main(["new", *NEW[2:], *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("error: ")
    assert message in output.err


def test_a_module_that_would_be_too_long_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from dev import __main__, checkout

    monkeypatch.delattr(checkout.Plan, "write")
    monkeypatch.setattr(checkout, "MAX_LINES", 100)
    assert __main__.main([*NEW]) == 2
    assert "headers.py would have more than 100 lines: split it first" in capsys.readouterr().err


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "dev", tmp_path / "dev")
    done = run(tmp_path, *NEW)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {tmp_path} is not a checkout of the project: conformance/ is missing\n"
    )


def test_a_page_of_no_area_is_removed_and_a_dropped_id_stays_on_the_list(checkout: Path) -> None:
    page = checkout / "docs" / "requirements" / "gone.md"
    page.write_text("# Requirements: gone\n", "utf-8")
    ids = checkout / "tests" / "project" / "ids.txt"
    ids.write_text(f"{ids.read_text('utf-8')}zzz.gone MUST\n", "utf-8")
    generated = run_all(checkout, ["generate"], ["generate"])
    assert generated.stdout.splitlines() == [
        *("removed docs/requirements/gone.md", "everything is up to date", "[0, 0]"),
    ]
    assert not page.exists()


def run_commands(checkout: Path, document: str) -> None:
    """Run what a document gives as commands for a checkout, in their order."""
    text = (ROOT / "docs" / document).read_text("utf-8")
    lines = [line for block in blocks(text, "console checkout") for line in block.splitlines()]
    commands = [line.removeprefix("$ python -m dev ") for line in lines if line.startswith("$ ")]
    assert commands
    for command in commands:
        done = run(checkout, *shlex.split(command))
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout


def test_the_commands_of_adding_a_requirement_write_into_a_checkout(checkout: Path) -> None:
    run_commands(checkout, "adding-a-requirement.md")
    assert "headers.etag" in (checkout / "docs" / "requirements" / "headers.md").read_text("utf-8")


def test_a_scaffolded_dialect_is_known_and_its_own_server_is_conformant(checkout: Path) -> None:
    run_commands(checkout, "adding-a-dialect.md")
    sources = [str(checkout / name) for name in ("conformance", "fixtures")]
    environment = {
        **IN_A_COPY,
        "PYTHONPATH": os.pathsep.join(sources),
    }

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=5 * LIMIT_S,
            check=False,
        )

    listed = python("streamchat_conformance", "list", "--dialect=talk", "talk.*")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        *("talk.ask", "talk.count", "talk.done"),
    ]
    own = "tests/dialects/test_talk.py::test_a"
    tests = (
        f"{own}_good_server_of_talk_breaks_nothing",
        f"{own}_faulty_server_of_talk_breaks_what_it_says[one-token-too-many]",
        "tests/dialects/test_kit.py",
    )
    judged = python("pytest", "-v", "-p", "no:cacheprovider", "-k", "talk", *tests)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert judged.stdout.count("test_talk.py::") == 2
    assert "that_breaks_it_and_one_that_does_not[talk] PASSED" in judged.stdout
    left = [
        path.name
        for path in (checkout / "conformance").rglob("dialects/talk/*.*")
        if LEFT_OPEN in path.read_text("utf-8")
    ]
    assert sorted(left) == [
        *("capabilities.py", "classification.py", "dialect.py", "events.py"),
        *("refusals.py", "requests.py", "signature.toml"),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Talk", "'Talk' is not the name of a dialect"),
        ("my-talk", "use small letters only"),
        ("../talk", "use small letters only"),
        ("class", "'class' is not the name of a dialect"),
        ("acme", "there is a dialect named acme"),
        ("headers", "headers is an area of requirements"),
    ],
)
def test_a_name_that_no_dialect_can_have_is_one_clear_line(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from dev import __main__, checkout

    monkeypatch.delattr(checkout.Plan, "write")
    assert __main__.main(["new-dialect", name]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert message in output.err


def test_an_import_stands_where_the_linter_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from dev.source_text import importing

    head = '"""Doc."""\n\nfrom __future__ import annotations\n\nimport re\n'
    assert importing(f"{head}\nX = 1\n", "a.b", "c") == f"{head}\nfrom a.b import c\n\nX = 1\n"
    text = f"{head}\nfrom a.a import z\nfrom a.c import B\n"
    added = importing(importing(text, "a.b", "c"), "a.c", "A", "C", "d")
    assert added == (f"{head}\nfrom a.a import z\nfrom a.b import c\nfrom a.c import A, B, C, d\n")


def test_a_rule_set_is_frozen_once(checkout: Path) -> None:
    wanted = (["2099.1"], ["2099.1"], ["2099.1", "--again"], ["next"])
    done = run_all(checkout, *(["freeze", *each] for each in wanted))
    assert done.stdout.splitlines()[-1] == "[0, 2, 0, 2]", done.stderr
    assert "exists: a frozen set does not change" in done.stderr
    folder = checkout / "conformance" / "streamchat_conformance" / "rule_sets"
    text = (folder / "2099.1.toml").read_text("utf-8")
    assert '"error.shape" = "MUST"' in text
