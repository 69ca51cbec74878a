"""A sandbox for Python that a model wrote: no network, no files, no environment, limits on all else.

On Linux it is built from namespaces by `unshare` (util-linux), for root and for a usual user where
the kernel permits that. Where it does not, the sandbox refuses, unless the operator allows the
weaker one: the same limits and time, an empty temporary folder and no environment, but the service's
own network and files.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from monitor.engines.grading import jail
from monitor.errors import EngineError

_MEMORY_BYTES = 512 << 20  # of addresses, each process
_DISK_BYTES = 8 << 20  # of its folder, all in all, which lies in memory
_FILE_BYTES = 1 << 20
_PROCESSES = 16  # threads count too
_FILES = 64
_START_S = 10.0  # until the untrusted program runs, on a busy machine
_UNSHARE = ("--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child")
_AS_USER = ("--user", "--map-root-user")
_WAYS_OUT = (
    "run Backstop where user namespaces are permitted, or set grading.weaker_sandbox to true if "
    "the answers may reach this machine's network and files"
)


class Sandbox:
    """Runs code with its tests, and tells whether both ran to their end.

    Args:
        weaker: whether the weaker sandbox will do where the kernel permits no other.
    """

    def __init__(self, *, weaker: bool = False) -> None:
        self._weaker = weaker

    def run(self, code: str, tests: str, *, limit_s: float) -> bool:
        """Run code, then its tests in the same module; blocks for up to `limit_s` and the start.

        Everything that the code has started ends with it. What it prints is thrown away.

        Raises:
            EngineError: if no sandbox can be built here; says why and what to do.
        """
        unshare = shutil.which("unshare")
        trouble = "there is no unshare on this machine (util-linux, Linux only)"
        if unshare is not None:
            status, trouble = _run(_isolated(unshare), code, tests, limit_s, jailed=True)
            if status in (jail.PASSED, jail.FAILED):
                return status == jail.PASSED
        if not self._weaker:
            raise EngineError(f"code cannot be run safely here: {trouble}; {_WAYS_OUT}")
        if os.geteuid() == 0:
            raise EngineError(
                f"code cannot be run safely here: {trouble}; the weaker sandbox is not for root: "
                "run Backstop as a user of its own"
            )
        status, trouble = _run([], code, tests, limit_s, jailed=False)
        if status not in (jail.PASSED, jail.FAILED):
            raise EngineError(f"code cannot be run here: {trouble}")
        return status == jail.PASSED


def _isolated(unshare: str) -> list[str]:
    return [unshare, *_UNSHARE, *(() if os.geteuid() == 0 else _AS_USER), "--"]


def _run(
    wrapper: list[str], code: str, tests: str, limit_s: float, *, jailed: bool
) -> tuple[int, str]:
    """Return the jail's exit status, and what it says is wrong with itself."""
    source = Path(jail.__file__).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="backstop-code-") as folder:
        process = subprocess.Popen(
            [*wrapper, sys.executable, "-I", "-S", "-c", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        try:
            given = json.dumps(_given(code, tests, limit_s, jailed=jailed)).encode()
            _, said = process.communicate(given, timeout=_START_S + limit_s)
            if process.returncode < 0:  # killed, as by the kernel for want of memory
                return jail.FAILED, ""
            lines = said.decode(errors="replace").strip().splitlines()
            return process.returncode, lines[0] if lines else "unshare failed"
        except subprocess.TimeoutExpired:
            return jail.FAILED, ""
        finally:
            _end(process)


def _given(code: str, tests: str, limit_s: float, *, jailed: bool) -> dict[str, object]:
    return {
        "code": code,
        "tests": tests,
        "jailed": jailed,
        "root": os.geteuid() == 0,
        "limit_s": limit_s,
        "disk_bytes": _DISK_BYTES,
        "limits": {
            "RLIMIT_CPU": math.ceil(limit_s),
            "RLIMIT_AS": _MEMORY_BYTES,
            "RLIMIT_FSIZE": _FILE_BYTES,
            "RLIMIT_NOFILE": _FILES,
            "RLIMIT_CORE": 0,
            "RLIMIT_NPROC": _PROCESSES,
        },
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the jail and with it, by the kernel, whatever runs in it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
