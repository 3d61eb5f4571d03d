"""The action and the snippets for CI: their shell commands do what they say."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from streamchat_conformance.gate.command import check_command
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from ..report.reports import value
from .harness import SERVER, environment, faulty

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = ACTION["runs"]["steps"]
INSTALL, JUDGE, SHOW = STEPS
LIMIT_S = 180.0
NARROW = "--thoroughness=quick"
CHECKS = """\
from streamchat_conformance.checks import MUST, check


@check("x-teapot", MUST, "Every answer is 418.")
def teapot(reading):
    return ["it is no teapot"] if reading.head is not None else None
"""


@dataclass(frozen=True)
class Done:
    code: int
    printed: str


class Runner:
    """Runs the action's steps as GitHub's runner does, as far as a shell can."""

    def __init__(self, folder: Path) -> None:
        self.temp, self.work = folder / "temp", folder / "work"
        self.output, self.summary = folder / "output", folder / "summary"
        for made in (self.temp, self.work):
            made.mkdir()

    def step(self, step: Mapping[str, Any], inputs: Mapping[str, str], **more: str) -> Done:
        values = {name: declared.get("default", "") for name, declared in ACTION["inputs"].items()}
        values |= inputs

        def filled(text: str) -> str:
            return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda hit: values[hit[1]], text)

        assert step["shell"] == "bash"
        script = self.temp / "step.sh"
        script.write_text(step["run"], "utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.work / filled(step.get("working-directory", ".")),
            env={
                **environment(),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **{name: filled(value) for name, value in step.get("env", {}).items()},
                **more,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def outputs(self) -> dict[str, str]:
        lines = self.output.read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def small_wheel(folder: Path) -> Path:
    """Return a wheel of a package that prints its version: it stands for the suite's own."""
    name = "streamchat_conformance-0.9"
    contents = {
        "streamchat_conformance.py": "def main() -> None: print('streamchat-conformance 0.9')",
        f"{name}.dist-info/METADATA": (
            "Metadata-Version: 2.1\nName: streamchat-conformance\nVersion: 0.9\n"
        ),
        f"{name}.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
        f"{name}.dist-info/entry_points.txt": (
            "[console_scripts]\nstreamchat-conformance = streamchat_conformance:main\n"
        ),
    }
    contents[f"{name}.dist-info/RECORD"] = "".join(f"{file},,\n" for file in contents)
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in contents.items():
            archive.writestr(file, text)
    return wheel


def stand_in(home: Path) -> None:
    """Put this environment's own commands where the action installs them."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").symlink_to(sys.executable)
    script = home / "bin" / "streamchat-conformance"
    python = shlex.quote(sys.executable)
    script.write_text(f'#!/bin/sh\nexec {python} -m streamchat_conformance "$@"\n', "utf-8")
    script.chmod(0o755)


def test_the_action_installs_the_suite_into_an_environment_of_its_own(runner: Runner) -> None:
    wheel = small_wheel(runner.work)
    offline = {"PIP_NO_INDEX": "1", "GITHUB_ACTION_PATH": str(wheel)}
    done = runner.step(INSTALL, {"python": sys.executable}, **offline)
    assert done.code == 0, done.printed
    printed = subprocess.run(
        [runner.temp / "streamchat-conformance" / "bin" / "streamchat-conformance"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    assert printed.stdout == "streamchat-conformance 0.9\n"


def test_the_action_passes_a_conformant_server(runner: Runner) -> None:
    stand_in(runner.temp / "streamchat-conformance")
    (runner.work / "server").mkdir()
    inputs = {
        "target-command": SERVER,
        "requirements": "error.*\n!error.no-leak\n",
        "headers": "X-Tenant: a b\r\n",
        "options": f"{NARROW}\n",
        "working-directory": "server",
    }
    done = runner.step(JUDGE, inputs)
    assert done.code == 0, done.printed
    assert runner.outputs() == {"verdict": "partial", "exit-code": "0"}
    assert re.search(
        r"^::stop-commands::(stop-\d+)$(.*)^::\1::$", done.printed, re.MULTILINE | re.DOTALL
    )
    assert (runner.work / "server" / "streamchat-report.json").exists()
    assert (runner.work / "server" / "streamchat-junit.xml").exists()
    assert runner.step(SHOW, {"working-directory": "server"}).code == 0
    assert runner.outputs()["must-failed"] == "0"
    summary = runner.summary.read_text("utf-8")
    assert "partial" in summary
    assert "127.0.0.1" in summary


def test_the_action_fails_the_job_and_still_says_why(runner: Runner) -> None:
    stand_in(runner.temp / "streamchat-conformance")
    inputs = {
        "target-command": faulty("errors-as-text-plain"),
        "requirements": "error.*\nx-*",
        "options": NARROW,
        "checks": "our_checks.py\n",
        "target-file": "server.toml",
        "sarif": "report.sarif",
        "source-file": "app/chat.py",
        # The last report is where this run writes its own.
        "before": "streamchat-report.json",
    }
    (runner.work / "our_checks.py").write_text(CHECKS, "utf-8")
    (runner.work / "server.toml").write_text('[levels]\n"x-teapot" = "should"\n', "utf-8")
    last = value({"error.shape": Outcome.FAIL})
    (runner.work / "streamchat-report.json").write_text(json.dumps(last), "utf-8")
    done = runner.step(JUDGE, inputs)
    assert done.code == 1, done.printed
    assert runner.outputs() == {"verdict": "nonconformant", "exit-code": "1"}
    assert SHOW["if"] == "${{ always() }}"
    shown = runner.step(SHOW, {})
    assert shown.code == 0
    begin = "::error title=error.media-type (MUST),file=app/chat.py,line=1::"
    assert any(line.startswith(begin) for line in shown.printed.splitlines())
    level = "SHOULD by [levels] in server.toml%2C MUST by default"
    begin = f"::warning title=x-teapot ({level}),file=app/chat.py,line=1::Every answer is 418."
    assert any(line.startswith(begin) for line in shown.printed.splitlines())
    assert runner.outputs()["must-failed"] != "0"
    assert (runner.work / "report.sarif").exists()
    # Markdown's own characters are escaped in the report.
    summary = runner.summary.read_text("utf-8").replace("\\", "")
    assert "error.media-type" in summary
    assert "### Since the last run" in summary
    assert "error.media-type (MUST): pass → fail" in summary


def test_the_action_shows_a_wrong_setting(runner: Runner) -> None:
    stand_in(runner.temp / "streamchat-conformance")
    done = runner.step(JUDGE, {"target-command": "serve", "fail-on": "most"})
    assert done.code == 4
    assert "did you mean 'must'?" in done.printed
    assert runner.outputs() == {"verdict": "", "exit-code": "4"}
    assert runner.step(SHOW, {}).code == 0
    summary = runner.summary.read_text("utf-8").splitlines()
    assert [line for line in summary if "did you mean" in line and line.startswith("    ")]


def test_no_input_of_the_action_can_become_shell_code() -> None:
    assert not [step["name"] for step in STEPS if "${{" in step["run"]]
    used = {name for step in STEPS for name in re.findall(r"inputs\.([a-z-]+)", str(step))}
    assert used == set(ACTION["inputs"])


def commands(value: Any) -> list[str]:
    """Return all server commands in a snippet for CI."""
    if isinstance(value, list):
        return [found for inner in value for found in commands(inner)]
    if not isinstance(value, dict):
        return []
    named = [value[key] for key in ("target-command", "TARGET_COMMAND") if key in value]
    return named + [found for inner in value.values() for found in commands(inner)]


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_a_snippet_starts_a_server_that_the_suite_can_start(name: str) -> None:
    snippet = yaml.safe_load((ROOT / "docs" / "ci" / name).read_text("utf-8"))
    found = commands(snippet)
    assert found
    for command in found:
        check_command(command, None)


def test_the_github_snippet_gives_inputs_that_the_action_has() -> None:
    snippet = yaml.safe_load((ROOT / "docs" / "ci" / "github.yml").read_text("utf-8"))
    steps = snippet["jobs"]["conformance"]["steps"]
    (step,) = (step for step in steps if "streamchat-conformance" in step.get("uses", ""))
    assert set(step["with"]) <= set(ACTION["inputs"])


def test_the_gitlab_snippets_script_judges_a_server(tmp_path: Path) -> None:
    snippet = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab.yml").read_text("utf-8"))
    job = snippet["conformance"]
    stand_in(tmp_path / ".conformance")
    (tmp_path / "known-failures.toml").write_text("", "utf-8")
    (line,) = job["script"]
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", f"{line} {NARROW} '--requirement=error.*'"],
        cwd=tmp_path,
        env={**environment(), "TARGET_COMMAND": SERVER},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / job["artifacts"]["reports"]["junit"]).exists()
    assert (tmp_path / job["artifacts"]["paths"][0]).exists()


def test_the_snippets_are_in_the_guide_word_for_word() -> None:
    guide = (ROOT / "docs" / "gate.md").read_text("utf-8")
    shown = re.findall(r"^```yaml\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    for name in ("github.yml", "gitlab.yml"):
        assert (ROOT / "docs" / "ci" / name).read_text("utf-8") in shown


def test_every_command_of_the_guide_can_be_started() -> None:
    guide = (ROOT / "docs" / "gate.md").read_text("utf-8")
    found = re.findall(r"--target-command '([^']+)'", guide)
    assert len(found) >= 5
    for command in found:
        check_command(command, "http://localhost:3000" if "{port}" not in command else None)
