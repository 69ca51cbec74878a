"""The supervisor with real processes, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_PROGRAM = textwrap.dedent("""
    import os, signal, sys
    from monitor import logs
    from monitor.bootstrap.supervisor import FATAL, Role, Supervisor

    def say(*words):
        os.write(1, (" ".join(map(str, words)) + "\\n").encode())

    def steady(name):
        def main():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            say("started", name, os.getpid())
            signal.sigwait([signal.SIGTERM])
            say("ending", name)
            return 0
        return main

    def deaf():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("started", "deaf", os.getpid())
        while True:
            signal.pause()

    def hopeless():
        return FATAL

    logs.set_up()
    kinds = {"deaf": deaf, "hopeless": hopeless}
    roles = [
        Role(name=name, main=kinds.get(name) or steady(name), rank=int(rank), end_limit_s=0.5)
        for name, rank in (word.split(":") for word in sys.argv[1:])
    ]
    status = Supervisor(roles).run()
    say("status", status)
""")


class Watched:
    """A supervisor and what its processes say."""

    def __init__(self, *roles: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *roles],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[3],
        )

    def line(self) -> list[str]:
        """Return the words of the next line; the end of the output is no line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the supervisor ended too early"
        return line.split()

    def started(self, count: int) -> dict[str, int]:
        """Return the process ids of the next processes that start."""
        lines = [self.line() for _ in range(count)]
        assert all(words[0] == "started" for words in lines), lines
        return {name: int(pid) for _, name, pid in lines}

    def end(self) -> None:
        """Kill what is left."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start() -> Iterator[type[Watched]]:
    """Start supervisors; none is left behind."""
    made: list[Watched] = []

    class Kept(Watched):
        def __init__(self, *roles: str) -> None:
            super().__init__(*roles)
            made.append(self)

    yield Kept
    for each in made:
        each.end()


def test_a_process_that_dies_is_started_again(start: type[Watched]) -> None:
    """Another process takes its name; the others live on."""
    watched = start("gateway:2", "scorer:1")
    before = watched.started(2)
    os.kill(before["gateway"], signal.SIGKILL)
    after = watched.started(1)
    assert list(after) == ["gateway"]
    assert after["gateway"] != before["gateway"]


def test_processes_bear_their_names(start: type[Watched]) -> None:
    """The system's process table tells who is who."""
    for name, pid in start("gateway:2", "scorer:1").started(2).items():
        assert Path(f"/proc/{pid}/comm").read_text().strip() == name


def test_processes_end_in_order(start: type[Watched]) -> None:
    """Those that face callers end first, and the rest when they have ended."""
    watched = start("control:0", "gateway:2", "scorer:1")
    watched.started(3)
    watched.process.send_signal(signal.SIGTERM)
    ended = [watched.line() for _ in range(3)]
    assert ended == [["ending", "gateway"], ["ending", "scorer"], ["ending", "control"]]
    assert watched.line() == ["status", "0"]


def test_a_terminal_s_interrupt_is_the_supervisor_s_alone(start: type[Watched]) -> None:
    """Ctrl-C reaches every process of the group; the order of the end holds all the same."""
    watched = start("control:0", "gateway:1")
    pids = watched.started(2)
    for pid in pids.values():
        os.kill(pid, signal.SIGINT)
    watched.process.send_signal(signal.SIGINT)
    assert watched.line() == ["ending", "gateway"]
    assert watched.line() == ["ending", "control"]


def test_an_end_that_takes_too_long_is_forced(start: type[Watched]) -> None:
    """A process that does not listen is killed after its limit, and the next ones end in order."""
    watched = start("control:0", "deaf:1")
    watched.started(2)
    watched.process.send_signal(signal.SIGTERM)
    assert watched.line() == ["ending", "control"]
    assert watched.line() == ["status", "0"]


def test_what_cannot_work_ends_the_service(start: type[Watched]) -> None:
    """A process that says so is not started for ever."""
    watched = start("hopeless:0")
    assert watched.line() == ["status", "78"]


def test_no_process_outlives_a_killed_supervisor(start: type[Watched]) -> None:
    """The system ends them, so that the next start finds the port free."""
    watched = start("gateway:0")
    watched.started(1)
    watched.process.kill()
    assert watched.line() == ["ending", "gateway"]
