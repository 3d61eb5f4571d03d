"""A wrong setting ends the run with exit code 4 and one line, before anything is sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from .conftest import Judge
from .harness import CASES

URL = "http://127.0.0.1:{port}"


class Listener:
    """A port that would notice a connection: it stays in the backlog until it is accepted."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])

    def connections(self) -> int:
        self.socket.setblocking(False)
        count = 0
        while True:
            try:
                connection, _ = self.socket.accept()
            except BlockingIOError:
                return count
            connection.close()
            count += 1


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.socket.close()


def test_the_listener_counts_connections(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)):
        assert listener.connections() == 1


OPTIONS = [
    (["--requirement=payload.prompt-ecko"], ["payload.prompt-ecko", "payload.prompt-echo"]),
    (["--requirement=nonesuch.*"], ["no requirement matches 'nonesuch.*'"]),
    (["--requirement=!*"], ["leave nothing to run"]),
    (["--fail-on=may"], ["--fail-on 'may'", "must, should"]),
    (["--thoroughness=quik"], ["'quik'", "smoke, quick, default, thorough"]),
    (["--max-requests=few"], ["--max-requests 'few'", "whole number"]),
    (["--max-requests=4"], ["--max-requests", "at least 5"]),
    (["--rate=fast"], ["--rate", "'fast'", "15/m"]),
    (["--rate=0/s"], ["--rate", "'0/s'", "15/m"]),
    (["--seed=x"], ["--seed 'x'", "whole number"]),
    (["--fuzz-seconds=soon"], ["--fuzz-seconds 'soon'", "number of seconds"]),
    (["--fuzz-seconds=-1"], ["--fuzz-seconds '-1'", "above 0"]),
    (["--connect-limit=0"], ["--connect-limit '0'", "above 0"]),
    (["--first-event-limit=inf"], ["--first-event-limit 'inf'", "below 86400"]),
    (["--gap-limit=nan"], ["--gap-limit 'nan'", "above 0"]),
    (["--observation-limit=10s"], ["--observation-limit '10s'", "number of seconds"]),
    (["--capability=ecko"], ["'ecko'", "echo, finite, slow, fault"]),
    (["--capability=echo", "--no-capability=echo"], ["'echo'", "pick one"]),
    (["--capability=slow"], ["'slow'", "--target-file"]),
    (["--endpoint-path=chat"], ["'chat'", "begin with /"]),
    (["--target-header=NoColon"], ["'NoColon'", "Name: value"]),
    (["--target-header=Host: x"], ["'Host'", "leave it out"]),
    (["--target-header=X: a\nb"], ["'X'", "one line"]),
    (["--ca-file=nonesuch.pem", "--target-url=https://127.0.0.1:{port}"], ["nonesuch.pem"]),
    (["--target-url=127.0.0.1:{port}"], ["no scheme", "http://"]),
    (["--target-url=ftp://127.0.0.1:{port}"], ["ftp", "http"]),
    (["--target-url=http://127.0.0.1:99999"], ["99999"]),
    (["--target-file=nonesuch.toml"], ["nonesuch.toml", "cannot be read"]),
    (["--report-json=nonesuch/report.json"], ["--report-json", "nonesuch does not exist"]),
    (["--report-json=."], ["--report-json", "is a folder"]),
]


@pytest.mark.parametrize(("options", "shown"), OPTIONS, ids=lambda value: str(value[0])[:40])
def test_a_wrong_option_is_named_with_its_cure(
    pytester: pytest.Pytester, listener: Listener, options: list[str], shown: list[str]
) -> None:
    given = [option.format(port=listener.port) for option in [f"--target-url={URL}", *options]]
    _is_refused(pytester, listener, given, shown)


FILES = [
    ("[targets]\nurl = 'x'", ["'targets'", "'target'"]),
    ("[target]\nurll = 'x'", ["[target]", "'urll'", "'url'"]),
    ("[target]\nurl = 5", ["'target.url'", "a string", "5"]),
    ("target = 1", ["'target'", "[target]"]),
    ("[target]\nheaders = ['X: y']", ["'target.headers'", "a table"]),
    ("[target]\ninsecure = 'yes'", ["'target.insecure'", "true or false"]),
    ("[target]\npath = 'a b'", ["'a b'", "begin with /"]),
    ("[limits]\nconnect_s = '5'", ["'connect_s'", "number of seconds"]),
    ("[limits]\nconnect_s = true", ["'connect_s'", "number of seconds"]),
    ("[limits]\ngap = 5", ["[limits]", "'gap'", "'gap_s'"]),
    ("[capabilities]\necho = 'yes'", ["'capabilities.echo'", "true or false"]),
    ("[capabilities]\nechoes = true", ["'echoes'", "echo, finite, slow, fault"]),
    ("[slow]\nprompt = 'x'", ["[slow]", "'silent_s'"]),
    ("[slow]\nsilent_s = 2", ["[slow]", "'prompt'"]),
    ("[slow]\nprompt = 1\nsilent_s = 2", ["'slow.prompt'", "a string"]),
    ("[fault]\nprompt = 'x'\nhistory = 'y'", ["'fault.history'", "an array"]),
    ("[run]\ndialect = 'openai'", ["[run] 'dialect' is unknown; it belongs to [target]"]),
    ("seed = 1", ["'seed' is unknown; it belongs to [run]"]),
    ("[run]\nseed = 1.5", ["'run.seed'", "a whole number"]),
    ("[run]\nthoroughness = 'full'", ["'full'", "quick, default, thorough"]),
    ("[run]\nmax_requests = '5'", ["'run.max_requests'", "a whole number"]),
    ("[run]\nmax_requests = 1", ["'run.max_requests'", "at least 5"]),
    ("[run]\nrate = 15", ["'run.rate'", "a string"]),
    ("[run]\nrate = '15 a minute'", ["'run.rate'", "15/m"]),
    ("[target", ["not TOML"]),
    ('[target]\nurl = "\\ud800"', ["not TOML"]),
]


@pytest.mark.parametrize(("text", "shown"), FILES, ids=lambda value: str(value)[:40])
def test_a_wrong_target_file_is_named_with_its_cure(
    pytester: pytest.Pytester, listener: Listener, text: str, shown: list[str]
) -> None:
    pytester.path.joinpath("server.toml").write_text(text, "utf-8")
    options = [f"--target-url={URL.format(port=listener.port)}", "--target-file=server.toml"]
    _is_refused(pytester, listener, options, ["server.toml", *shown])


def test_a_declared_capability_needs_its_request(
    pytester: pytest.Pytester, listener: Listener
) -> None:
    pytester.path.joinpath("server.toml").write_text("[capabilities]\nfault = true", "utf-8")
    options = [f"--target-url={URL.format(port=listener.port)}", "--target-file=server.toml"]
    _is_refused(pytester, listener, options, ["'fault'", "[fault] with a prompt"])


def _is_refused(
    pytester: pytest.Pytester, listener: Listener, options: list[str], shown: list[str]
) -> None:
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--pyargs", CASES, *options)
    assert done.ret == 4
    lines = [line for line in done.errlines if line]
    assert len(lines) == 1
    assert lines[0].startswith("ERROR: streamchat-conformance: ")
    for text in shown:
        assert text in lines[0]
    assert listener.connections() == 0


def test_a_mistake_is_reported_in_one_line_of_a_real_run(run: Judge, listener: Listener) -> None:
    done = run(f"--target-url={URL.format(port=listener.port)}", "--requirement=sse.utf-8")
    assert done.code == 4
    (shown,) = (line for line in done.error.splitlines() if line)
    assert shown.startswith("ERROR: streamchat-conformance: --requirement: no requirement matches ")
    assert "'sse.utf-8'; did you mean 'sse.utf8'" in shown
    assert done.report is None
    assert listener.connections() == 0
