"""What the exit code says: 0, 1, 3 and 6 (4 is the subject of `test_usage`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.hostile import HOSTILE, HostileServer

from .conftest import Judge

HEADERS = "--requirement=headers.*"


def test_a_part_without_a_broken_must_passes_and_is_not_called_conformant(
    run: Judge, control: str
) -> None:
    done = run(f"--target-url={control}", HEADERS)
    assert done.code == 0
    assert done.with_outcome("pass") == {id_ for id_ in done.outcomes if id_.startswith("headers.")}
    assert "verdict       partial: " in done.out
    assert done.report is not None
    assert done.report["summary"]["verdict"] == "partial"


def test_a_broken_must_is_not_conformant(run: Judge) -> None:
    with ControlServer([FAULTS["public-for-an-hour"]]) as server:
        done = run(f"--target-url={server.url}", HEADERS)
    assert done.code == 1
    assert "headers.cache-control" in done.with_outcome("fail")
    assert "verdict       nonconformant" in done.out


def test_a_broken_should_fails_only_where_that_is_asked(run: Judge) -> None:
    with ControlServer([FAULTS["no-date"]]) as server:
        lenient = run(f"--target-url={server.url}", HEADERS)
        strict = run(f"--target-url={server.url}", HEADERS, "--fail-on=should")
    assert (lenient.code, strict.code) == (0, 1)
    assert lenient.with_outcome("fail") == strict.with_outcome("fail") == {"headers.date"}
    assert "headers.date (SHOULD)" in lenient.out


def test_a_fault_of_the_suite_is_distinguished_from_a_fault_of_the_server(
    run: Judge, control: str, tmp_path: Path
) -> None:
    (tmp_path / "sabotage.py").write_text(
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        def broken(target):\n"
        "            raise ZeroDivisionError\n"
        "        name = '__requirement_id__'\n"
        "        setattr(broken, name, getattr(item.function, name, ''))\n"
        "        item.obj = broken\n"
    )
    done = run(
        *("-p", "sabotage", f"--target-url={control}"),
        *("--requirement=request.prompt-null", "--requirement=request.prompt-missing"),
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.code == 3
    assert done.with_outcome("error") == {"request.prompt-null", "request.prompt-missing"}
    assert "fault of the suite: ZeroDivisionError" in done.out


def test_a_target_where_nothing_listens_is_not_testable(
    run: Judge, held_port: Callable[..., int]
) -> None:
    done = run(f"--target-url=http://127.0.0.1:{held_port()}", HEADERS)
    assert done.code == 6
    assert "not testable: nothing listens at port" in done.out
    assert "what to do:   start the server" in done.out
    assert done.report is not None
    assert done.report["summary"]["verdict"] == "not-testable"
    assert done.with_outcome("not-run") == set(done.outcomes)


def test_a_path_that_does_not_exist_is_not_testable_and_named(run: Judge, control: str) -> None:
    done = run(f"--target-url={control}", "--endpoint-path=/v1/chat", HEADERS)
    assert done.code == 6
    assert f"404: POST {control}/v1/chat" in done.out
    assert "--endpoint-path" in done.out


def test_tls_that_fails_is_not_testable(run: Judge, control: str) -> None:
    done = run(f"--target-url={control.replace('http:', 'https:')}", HEADERS)
    assert done.code == 6
    assert "TLS" in done.out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("wants-a-password", "--target-header"),
        ("knows-no-such-path", "--endpoint-path"),
        ("redirects-to-a-login", "--endpoint-path"),
        ("another-protocol", "check host, port and scheme"),
        ("accepts-and-says-nothing", "--first-event-limit"),
    ],
)
def test_a_target_that_cannot_be_judged_is_reported_with_what_to_set(
    run: Judge, name: str, hint: str
) -> None:
    with HostileServer(HOSTILE[name]) as server:
        done = run(f"--target-url={server.url}", HEADERS, "--first-event-limit=0.5")
    assert done.code == 6
    assert "verdict       not-testable" in done.out
    (shown,) = [line for line in done.out.splitlines() if line.startswith("what to do:")]
    assert hint in shown
    assert "Traceback" not in done.out + done.error
