"""Servers that are generated from a declaration: the sound one keeps it, each other breaks it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from preloaded import PRELOADED
from sampling import ALL
from streamchat_conformance.catalogue import SHARED
from streamchat_conformance.dialects.declared.cases import test_declared as cases
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.gate.generated_servers import START_LIMIT_S
from streamchat_conformance.judges import rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.child_process import first_line
from streamchat_conformance.suite.config.settings import (
    DeclaredRequest,
    Settings,
    with_dialect_known,
)
from streamchat_conformance.suite.target.preflight import run_preflight
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable, Violation
from streamchat_fixtures.declared.document import GeneratedApi
from streamchat_fixtures.declared.faults import faults_for
from streamchat_fixtures.declared.serving import generated_server
from streamchat_fixtures.variants import Fault

EXAMPLES = sorted(Path(__file__).parents[3].joinpath("examples", "dialects").glob("*.toml"))
SHAPES = sorted(Path(__file__).with_name("shapes").glob("*.toml"))
FILES = [*EXAMPLES, *SHAPES]

SMALL = [file for file in FILES if len(GeneratedApi(file).kinds) <= 12]

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for file in FILES:
        variable = dialect_named(str(file)).key_variable
        if variable:
            monkeypatch.setenv(variable, "any-key-is-taken")


@cache
def decides() -> dict[str, object]:
    """Return the case of each row."""
    return {row: case for case in vars(cases).values() for row in getattr(case, "__own_rows__", ())}


def outcomes(file: Path, url: str) -> Iterator[tuple[str, str]]:
    """Yield each of a file's own requirements that a server breaks, or that is blocked."""
    dialect = dialect_named(str(file))
    settings = with_dialect_known(Settings(url=url, dialect=dialect))
    settings = replace(settings, observation_s=10.0)
    prompt = GeneratedApi(file).trigger("fault").get("prompt")
    if settings.fault is None and prompt:
        fails = DeclaredRequest(dialect.requests.declared({"prompt": prompt}))
        known = {**settings.capabilities, "fault": True}
        settings = replace(settings, fault=fails, capabilities=known)
    endpoint = Endpoint.from_url(url, path=dialect.path)
    rules = rules_of(str(file))
    target = Target(settings, endpoint, Ledger(path=endpoint.path, rules=rules))
    run_preflight(target)
    own = [id_ for id_ in rules.catalogue if id_ not in SHARED.by_id]
    for id_ in own:
        case = decides()[id_.partition(".")[2]]
        try:
            for need in rules.catalogue[id_].needs:
                target.require(need)
            case(target, id_)  # type: ignore[operator]  # a case of the suite
        except Violation:
            target.known.failed.add(id_)
        except (Blocked, NotApplicable):
            continue
    red = {id_ for id_ in own if id_ in target.known.failed or target.red(id_)}
    for id_ in red:
        yield id_, target.ledger.cause(id_, target.known.failed)


def red(file: Path, fault: Fault | None = None) -> set[str]:
    """Return what the suite finds of a generated server, by the file's own requirements."""
    with generated_server(file, fault) as server:
        found = {id_ for id_, cause in outcomes(file, server.url) if not cause}
    assert server.crashes == []
    return found


def sampled(file: Path) -> list[Fault]:
    """Return one fault for each requirement; of a large file for those that no small one has.

    The matrix has them all.
    """
    faults = faults_for(GeneratedApi(file))
    if ALL:
        return faults
    one = {row.partition(".")[2]: fault for fault in faults for row in fault.breaks}
    if file in SMALL:
        return list(one.values())
    rows = {id_.partition(".")[2] for each in SMALL for id_ in rules_of(str(each)).catalogue}
    return [fault for row, fault in one.items() if row not in rows]


@each_file
def test_the_sound_server_keeps_its_declaration(file: Path) -> None:
    assert red(file) == set()


@each_file
def test_each_faulty_server_breaks_what_it_should(file: Path) -> None:
    faults = sampled(file)
    found = {fault.name: red(file, fault) for fault in faults}
    assert found == {fault.name: set(fault.breaks) for fault in faults}


@each_file
def test_each_requirement_of_a_file_is_broken_by_a_faulty_server(file: Path) -> None:
    rules = rules_of(str(file))
    broken = {id_ for fault in faults_for(GeneratedApi(file)) for id_ in fault.breaks}
    assert {id_ for id_ in rules.catalogue if id_ not in SHARED.by_id} - broken == set()


def suite(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite's command line."""
    return PRELOADED.run_text(
        ["streamchat_conformance", *options],
        folder=Path(__file__).parent,
        environment=os.environ,
        limit_s=600,
    )


def test_prove_shows_what_each_generated_server_breaks() -> None:
    file = next(file for file in EXAMPLES if file.stem == "tiny")
    done = suite("dialect", "prove", str(file), "--fault", "sound", "--fault", "end-left-out")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["sound", "-"] in lines
    assert ["end-left-out", "tiny.terminal"] in lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_an_interrupted_proof_ends_with_no_traceback_and_all_its_processes(
    number: signal.Signals,
) -> None:
    file = next(file for file in EXAMPLES if file.stem == "tiny")
    command = [sys.executable, "-m", "streamchat_conformance", "dialect", "prove", str(file)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        first = first_line(process, START_LIMIT_S)
        if number is signal.SIGINT:  # Ctrl-C reaches all processes of a terminal
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        try:
            said = process.communicate(timeout=60)[0]
            with pytest.raises(ProcessLookupError):
                os.killpg(process.pid, 0)  # none of its processes is left
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert "servers, generated from" in first
    assert process.returncode == 2, first + said
    assert "Traceback" not in said


def test_check_shows_what_is_judged_and_what_is_not() -> None:
    file = next(file for file in EXAMPLES if file.stem == "tiny")
    done = suite("dialect", "check", str(file))
    assert done.returncode == 0, done.stderr
    judged, _, rest = done.stdout.partition("not judged")
    assert "tiny.terminal" in judged
    assert "tiny.counter" in rest


@pytest.mark.parametrize("file", FILES if ALL else [], ids=lambda file: file.stem)
def test_the_sound_server_is_conformant(file: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with generated_server(file) as server:
        suite(f"--dialect={file}", f"--target-url={server.url}", f"--report-json={report}")
    found = json.loads(report.read_text("utf-8"))
    assert found["summary"]["verdict"] == "conformant"
    failing = [
        each["id"]
        for each in found["requirements"]
        if each["outcome"] == "fail" and each["level"] != "MAY"
    ]
    assert failing == []
