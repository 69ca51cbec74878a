"""Starts the processes of the service, starts them again when they die, and ends them in order.

It stays single-threaded: processes are forked from it, and a fork copies no thread and no
half-taken lock.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

FATAL = 78  # exit status (EX_CONFIG of sysexits.h): starting again would change nothing
_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
_END = frozenset({signal.SIGTERM, signal.SIGINT})
_STEADY_S = 10.0  # a process that lived so long has started well
PAUSES_S = (0.0, 0.2, 1.0, 5.0)  # before each start in a row that did not
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A process to keep alive.

    Args:
        main: what it does; returns its exit status. SIGTERM ends it, SIGINT, which a terminal sends
            to everybody, is left to the supervisor.
        rank: processes of a higher rank are ended, and waited for, before those of a lower one.
        end_limit_s: how long it may take to end before it is killed.
        niceness: how far it steps back for others where cores are short, from 0 to 19.
    """

    name: str
    main: Callable[[], int]
    rank: int
    end_limit_s: float
    niceness: int = 0


@dataclass(slots=True, kw_only=True)
class _Child:
    role: Role
    pid: int | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    failures: int = 0


def _nothing() -> None:
    return None


class Supervisor:
    """Keeps every role's process alive until it is told to end.

    Args:
        pauses_s: before each start in a row that did not go well; the last one for all that follow.
    """

    def __init__(self, roles: Sequence[Role], pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._pauses_s = pauses_s
        self._children = [_Child(role=role) for role in roles]

    def run(self, first: Callable[[], None] = _nothing) -> int:
        """Return the exit status: 0 after an orderly end, else of the process that gave up.

        Args:
            first: is done before the first process starts. Whoever says meanwhile that it shall
                end is heard afterwards.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            first()
            return self._keep_alive()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _keep_alive(self) -> int:
        while True:
            self._start_due()
            told = signal.sigtimedwait(_SIGNALS, self._pause_s())
            if told is not None and told.si_signo in _END:
                self._end()
                return 0
            for child, status in self._reap():
                if status == FATAL:
                    self._end()
                    return FATAL
                self._schedule(child, status)

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid is None and child.start_at <= now:
                child.pid = _fork(child.role)
                child.started_at = now

    def _pause_s(self) -> float:
        due = [child.start_at for child in self._children if child.pid is None]
        return max(0.0, min(due) - time.monotonic()) if due else 60.0

    def _reap(self) -> list[tuple[_Child, int]]:
        """Return the children that have ended, with their exit status (negative: the signal)."""
        ended = []
        for child in self._children:
            if child.pid is None:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                child.pid = None
                ended.append((child, os.waitstatus_to_exitcode(status)))
        return ended

    def _schedule(self, child: _Child, status: int) -> None:
        now = time.monotonic()
        child.failures = 0 if now - child.started_at >= _STEADY_S else child.failures + 1
        pause_s = self._pauses_s[min(child.failures, len(self._pauses_s) - 1)]
        child.start_at = now + pause_s
        log.error("process ended; starts again", process=child.role.name, status=status)

    def _end(self) -> None:
        for rank in sorted({child.role.rank for child in self._children}, reverse=True):
            ending = [child for child in self._children if child.role.rank == rank and child.pid]
            for child in ending:
                _signal(child, signal.SIGTERM)
            self._await(ending)

    def _await(self, ending: Sequence[_Child]) -> None:
        """Wait for the end; kill what takes too long."""
        began = time.monotonic()
        while any(child.pid for child in ending):
            self._reap()
            now = time.monotonic()
            for child in ending:
                if child.pid and now - began > child.role.end_limit_s:
                    log.error("the end takes too long and is forced", process=child.role.name)
                    _signal(child, signal.SIGKILL)
            told = signal.sigtimedwait(_SIGNALS, 1.0 if any(c.pid for c in ending) else 0.0)
            if told is not None and told.si_signo in _END:  # asked twice: make haste
                for child in ending:
                    _signal(child, signal.SIGTERM)


def _signal(child: _Child, number: signal.Signals) -> None:
    if child.pid is not None:
        os.kill(child.pid, number)


def _fork(role: Role) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _set_name(role.name)
        os.nice(role.niceness)
        _end_with(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        status = role.main()
    except BaseException as error:
        log.error("process failed", process=role.name, error=repr(error), exc_info=error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _set_name(name: str) -> None:
    """Let `ps` and `top` tell the processes apart; the system keeps the first 15 bytes."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def _end_with(parent: int) -> None:
    """Let the system end this process when its supervisor dies, so that none is left behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
