"""Runs untrusted Python where it can reach nothing: the program that `sandbox` starts.

It is started by its source, as the first process of fresh namespaces (mounts, network, processes,
IPC, host name), and uses the standard library alone. It leaves a root of its own with nothing in
it but the interpreter, read-only, and an empty folder in memory; forks; waits. What is untrusted
runs in the fork, without privileges and under limits; the kernel ends whatever it has started,
however it was detached, once this first process ends.

Exit status: 77, the code and its tests ran to their end; 78, they did not; 90, the jail cannot be
built, with a sentence on standard error. What runs in the fork proves its end by a secret that it
is handed with the code, so that no way to end early counts.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import secrets
import signal
import sys
from typing import Any, NoReturn

PASSED, FAILED, UNBUILT = 77, 78, 90

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC = 1, 2, 4, 32, 4096, 16384
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2
_NEW_USER = 0x10000000
_NO_DUMP, _DROP_BOUND, _NO_NEW_PRIVILEGES = 4, 24, 38  # prctl
_CAPABILITIES = 0x20080522  # the version of `capset`
_NOBODY = 65534
_ROOT = "/proc"  # a folder that is everywhere, and nothing of which the jail needs
_WORK = "/sandbox"
_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/urandom")

_VERDICT = 3  # the descriptor on which the fork proves that it came to its end

# Runs in the fork: the tests see what the code defined.
_CHILD = """
import json, os, sys
given = json.loads(sys.stdin.read())
sys.stdin.close()
space = {"__name__": "__main__"}
exec(compile(given["code"], "answer.py", "exec"), space)
exec(compile(given["tests"], "tests.py", "exec"), space)
os.write(3, given["proof"].encode())
os._exit(0)
"""

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Build the jail, run what standard input describes, return the exit status."""
    given = json.loads(sys.stdin.buffer.read())
    interpreter = os.path.realpath(sys.executable)
    program, feed = os.pipe()
    verdict, prove = os.pipe()
    trouble, report = os.pipe()  # closes by itself when the fork becomes the program
    try:
        if given["jailed"]:
            _enter(interpreter, given["disk_bytes"])
        child = os.fork()
    except OSError as error:
        return _unbuilt(str(error))
    if not child:
        _become(interpreter, given, program, prove, report)
    for descriptor in (program, prove, report):
        os.close(descriptor)
    if said := os.read(trouble, 1000):
        return _unbuilt(said.decode())
    signal.signal(signal.SIGALRM, lambda *_: os._exit(FAILED))
    signal.setitimer(signal.ITIMER_REAL, given["limit_s"])
    proof = secrets.token_hex(16)
    _write(feed, {"code": given["code"], "tests": given["tests"], "proof": proof})
    os.waitpid(child, 0)
    return PASSED if _read_now(verdict) == proof.encode() else FAILED


def _unbuilt(reason: str) -> int:
    sys.stderr.write(reason)
    return UNBUILT


def _enter(interpreter: str, disk_bytes: int) -> None:
    """Leave for a root in memory, where the interpreter has the path that it had."""
    prefix = os.path.dirname(os.path.dirname(interpreter))
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", _ROOT, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={disk_bytes},mode=755")
    for path in _SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), _ROOT + path)
        elif os.path.exists(path):
            _show(path, _ROOT + path, read_only=True)
    for path in _DEVICES:
        _show(path, _ROOT + path, read_only=False)
    _show(prefix, _ROOT + prefix, read_only=True)
    os.mkdir(_ROOT + _WORK)
    os.chmod(_ROOT + _WORK, 0o1777)  # the only place to write, for whoever the fork will be
    os.mkdir(f"{_ROOT}/old")
    _check(_libc.syscall(_pivot_root(), _ROOT.encode(), f"{_ROOT}/old".encode()), "pivot_root")
    os.chdir("/")
    _check(_libc.umount2(b"/old", _MNT_DETACH), "umount")
    os.rmdir("/old")
    # Whoever shares our user may neither trace us nor read our memory.
    _check(_libc.prctl(_NO_DUMP, 0, 0, 0, 0), "prctl")


def _show(source: str, target: str, *, read_only: bool) -> None:
    """Let a file or folder of the host be seen, which makes none of it writable."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT))
    _mount(source, target, None, _MS_BIND | _MS_REC)
    if read_only:
        flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV
        _mount(None, target, None, flags)


def _become(
    interpreter: str, given: dict[str, Any], program: int, prove: int, report: int
) -> NoReturn:
    """Become the untrusted program, or report why not and end."""
    try:
        report = os.dup(report)  # out of the way of the verdict's number
        os.dup2(program, 0)
        os.dup2(prove, _VERDICT)
        nothing = os.open("/dev/null", os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        if given["jailed"]:
            os.chdir(_WORK)
            _drop_privileges(root=given["root"])
        for name, most in given["limits"].items():
            resource.setrlimit(getattr(resource, name), (most, most))
        os.execve(interpreter, [interpreter, "-I", "-c", _CHILD], {})
    except BaseException as error:
        os.write(report, str(error).encode()[:1000])
    os._exit(FAILED)


def _drop_privileges(*, root: bool) -> None:
    """Be nobody, who can never become somebody again.

    Args:
        root: whether this is the host's root, and not what a user namespace calls so.
    """
    if root:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        # Limits on processes are counted by user and user namespace: not with other jails.
        _check(_libc.unshare(_NEW_USER), "unshare")
    for capability in range(64):
        _libc.prctl(_DROP_BOUND, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _check(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    encoded = [None if each is None else each.encode() for each in (source, target, kind)]
    _check(_libc.mount(*encoded, ctypes.c_ulong(flags), data.encode()), target)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _pivot_root() -> int:
    return {"x86_64": 155, "aarch64": 41}[os.uname().machine]


def _write(descriptor: int, content: dict[str, str]) -> None:
    try:
        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(json.dumps(content).encode())
    except BrokenPipeError:
        return  # it ended before it began


def _read_now(descriptor: int) -> bytes:
    """Return what was written; what still runs may hold the other end open for ever."""
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, 1000)
    except BlockingIOError:
        return b""


if __name__ == "__main__":
    sys.exit(main())
