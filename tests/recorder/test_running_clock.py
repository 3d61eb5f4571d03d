"""The recorder's clock stands still while the suite's process is not run."""

import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.recorder.running_clock import MOST_S, TICK_S, RunningClock

LIMIT_S = 1.0
STOPPED_S = 2.0
ASKING = f"""
from streamchat_conformance.recorder import Connection, Endpoint, Limits, until
import sys
endpoint = Endpoint.from_url(sys.argv[1])
limits = Limits(head_s={LIMIT_S})
with Connection.open(endpoint, limits) as connection:
    request = b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
    print(connection.exchange(request, until=until.complete()).dumps())
"""


@dataclass
class Source:
    """The system's time, moved by hand (seconds)."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def running(source: Source) -> RunningClock:
    """Return a clock that is noted by hand alone."""
    clock = RunningClock(source)
    clock._most_s = MOST_S
    return clock


def test_before_it_runs_it_is_the_systems_clock() -> None:
    source = Source()
    clock = RunningClock(source)
    source.now_s += 5.0
    assert clock() == 105.0
    assert clock.held_up_s == 0.0


def test_time_that_is_noted_passes() -> None:
    source = Source()
    clock = running(source)
    for _ in range(10):
        source.now_s += TICK_S
        clock.tick()
    assert clock() == pytest.approx(100.0 + 10 * TICK_S)
    assert clock.held_up_s == pytest.approx(0.0)


def test_time_in_which_the_process_was_not_run_does_not_pass() -> None:
    source = Source()
    clock = running(source)
    source.now_s += 3.0
    before = clock()
    assert before == pytest.approx(100.0 + MOST_S)
    clock.tick()
    assert clock() == before
    assert clock.held_up_s == pytest.approx(3.0 - MOST_S)
    source.now_s += TICK_S
    assert clock() == pytest.approx(before + TICK_S)


def test_the_child_of_a_fork_has_a_clock_that_goes_on() -> None:
    code = (
        "import os, time\n"
        "from streamchat_conformance.recorder.loop import clock\n"
        "clock.run()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    before = clock()\n"
        f"    time.sleep({4 * MOST_S})\n"
        f"    os._exit(0 if clock() - before >= {4 * MOST_S} else 3)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.strip() == "0"


def test_a_limit_does_not_pass_while_the_suite_is_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        asking = subprocess.Popen(
            [sys.executable, "-c", ASKING, url], stdout=subprocess.PIPE, text=True
        )
        try:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(30)
                connection.recv(65536)
                asking.send_signal(signal.SIGSTOP)
                threading.Event().wait(STOPPED_S)
                asking.send_signal(signal.SIGCONT)
                # What was not run sees its limit pass before it sees the answer.
                threading.Event().wait(LIMIT_S / 4)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                output, _ = asking.communicate(timeout=30)
        finally:
            asking.kill()
            asking.wait(30)
    exchange = Exchange.loads(output)
    assert exchange.ending is Ending.COMPLETE
    assert exchange.ended_at_s < LIMIT_S
