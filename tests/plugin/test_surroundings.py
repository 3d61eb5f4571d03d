"""The console script: nothing of the folder or the environment it is started in sways the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamchat_conformance.__main__ import SUBCOMMANDS, main

from .conftest import Judge
from .harness import environment

SCRIPT = (sys.executable, "-m", "streamchat_conformance")
HEADERS = "--requirement=headers.*"


def test_a_users_ini_conftest_and_variables_cannot_empty_the_run(
    run: Judge, control: str, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npython_files = check_*.py\npython_functions = check_*\n"
        "addopts = -k nothing --strict-config\ntestpaths = elsewhere\n"
    )
    (tmp_path / "conftest.py").write_text(
        "import pytest\n\ndef pytest_collection_modifyitems(items):\n    items.clear()\n"
    )
    swaying = {
        "PYTEST_ADDOPTS": "-k nothing --collect-only",
        "PYTEST_PLUGINS": "conftest",
        "PYTHONPATH": str(tmp_path),
    }
    done = run(f"--target-url={control}", HEADERS, env=swaying, command=SCRIPT)
    assert done.code == 0
    ran = set(done.outcomes) - done.with_outcome("not-run")
    assert ran == {id_ for id_ in done.outcomes if id_.startswith("headers.")}
    assert done.error == ""
    assert "warning" not in done.out
    left = {file.name for file in tmp_path.iterdir()}
    # What Python and other plugins leave behind is not the suite's.
    assert left - {"__pycache__", ".benchmarks"} == {"conftest.py", "pytest.ini", "report.json"}


def test_a_run_without_other_plugins_works_too(run: Judge, control: str) -> None:
    done = run(
        f"--target-url={control}",
        HEADERS,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        command=SCRIPT,
    )
    assert done.code == 0


def test_options_with_a_space_and_workers_work(run: Judge, control: str) -> None:
    done = run("--target-url", control, "--requirement", "headers.*", "-n", "2", command=SCRIPT)
    assert done.code == 0
    assert "headers.status" in done.with_outcome("pass")


def test_the_variable_names_the_target(run: Judge, control: str) -> None:
    done = run(HEADERS, env={"STREAMCHAT_TARGET_URL": control})
    assert done.code == 0
    assert done.report is not None
    assert done.report["target"]["url"] == f"{control}/api/stream-chat"


def test_a_target_file_says_it_all_and_options_win(
    run: Judge, control: str, tmp_path: Path
) -> None:
    (tmp_path / "server.toml").write_text(
        '[target]\nurl = "http://127.0.0.1:1"\n[target.headers]\nX-Tenant = "test"\n'
        "[limits]\nconnect_s = 3\n[capabilities]\necho = false\n"
        '[slow]\nprompt = "Think."\nsilent_s = 1\n'
    )
    options = ("--target-file=server.toml", HEADERS)
    assert run(*options).code == 6
    done = run(*options, f"--target-url={control}", "--no-capability=slow")
    assert done.code == 0
    assert done.report is not None
    assert done.report["target"]["capabilities"] == {
        "echo": "absent",
        "finite": "detected",
        "slow": "absent",
        "fault": "absent",
    }


def test_help_and_version_end_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "exit codes:\n  0  conformant" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("streamchat-conformance ")


def test_an_unknown_command_is_shown_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["lst"]) == 4
    assert "did you mean 'list'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_subcommand_takes_wrong_options_without_a_traceback(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = "check" if name == "dialect" else "one"
    assert main([name, first, "two", "--nonesuch"]) == 4
    shown = capsys.readouterr()
    assert "--nonesuch" in shown.err
    assert "Traceback" not in shown.err + shown.out


def test_a_fault_of_a_subcommand_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> object:
        raise RuntimeError(f"no {name}\nat all")

    monkeypatch.setattr("importlib.import_module", broken)
    assert main(["list"]) == 3
    shown = capsys.readouterr().err
    assert shown.startswith("streamchat-conformance: fault of the suite in 'list': RuntimeError")
    assert shown.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*SCRIPT, "list", "--format", "json"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_the_list_is_narrowed_by_globs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "payload.*", "!payload.history-*"]) == 0
    ids = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert "payload.prompt-echo" in ids
    assert all(id_.startswith("payload.") and "history" not in id_ for id_ in ids)
    assert main(["list", "payload.ecko"]) == 4
    assert "did you mean" in capsys.readouterr().err
