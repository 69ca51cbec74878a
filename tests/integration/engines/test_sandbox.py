"""The sandbox of code that a model wrote, attacked."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from guards.exchange import Message
from guards.golden import GoldenCase
from monitor.engines.grading import sandbox as sandboxes
from monitor.engines.grading.absent import NoEmbedder, NoJudge, NoLikelihood
from monitor.engines.grading.grader import EveryGrader
from monitor.engines.grading.sandbox import Sandbox
from monitor.errors import EngineError

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(
        subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "true"], check=False
        ).returncode
        != 0,
        reason="this machine permits no user namespaces",
    ),
]
LIMIT_S = 2.0
DONE = "assert done"


def passes(code: str, tests: str = DONE, limit_s: float = LIMIT_S) -> bool:
    """Run code in the sandbox."""
    return Sandbox().run(code, tests, limit_s=limit_s)


@pytest.fixture
def marker() -> str:
    """Return a text by which processes of a test are known on this machine."""
    return f"marker-{os.getpid()}-{time.monotonic_ns()}"


def left_over(marker: str) -> list[str]:
    """Return the processes of this machine that carry a marker in their arguments."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in line:
            found.append(folder.name)
    return found


@pytest.mark.parametrize(
    ("code", "tests", "expected"),
    [
        ("def f(x):\n    return x + 1", "assert f(1) == 2", True),
        ("def f(x):\n    return x", "assert f(1) == 2", False),
        ("def f(x:", "assert True", False),
        ("import math, json, re", "assert math.pi > 3", True),
        ("def f(): return '猫'", "assert f() == '猫'", True),
        ("class A:\n    pass", "assert A()", True),
        ("raise SystemExit(0)", "assert False", False),
        ("import sys; sys.exit(77)", "assert False", False),
        ("import os; os._exit(0)", "assert False", False),
        ("import os; os.write(3, b'passed'); os._exit(77)", "assert False", False),
        ("f = None", "f()", False),
        ("print('x' * 10**6)", "assert True", True),
        ("import sys; sys.stderr.write('x' * 10**6)", "assert True", True),
        ("open('a.txt', 'w').write('a')", "assert open('a.txt').read() == 'a'", True),
        ("x = [i * i for i in range(10**5)]", "assert x[3] == 9", True),
        ("import threading\nt = threading.Thread(target=print); t.start(); t.join()", "1", True),
        ("", "assert True", True),
        ("def f(): yield 1", "assert list(f()) == [1]", True),
        ("import numpy_that_is_not_there", "assert True", False),
        ("input()", "assert True", False),
        ("assert __name__ == '__main__'", "assert True", True),
        ("f = lambda: f()", "f()", False),
    ],
)
def test_code_passes_if_it_and_its_tests_run_to_their_end(
    code: str, tests: str, expected: bool
) -> None:
    """Whatever ends early, with whatever status, has not passed."""
    assert passes(code, tests) is expected


def test_a_fork_bomb_hits_the_limit_of_processes() -> None:
    """It fails, and nothing is left of it."""
    assert not passes("import os\nwhile True:\n    os.fork()")
    code = "import os\ncount = 0\ntry:\n    while True:\n"
    code += (
        "        if os.fork() == 0:\n            import time; time.sleep(9)\n        count += 1\n"
    )
    code += "except OSError:\n    pass"
    assert passes(code, "assert 5 < count < 16")


def test_memory_is_limited() -> None:
    """A gigabyte is refused by an error in the code itself."""
    code = "try:\n    bytearray(1 << 30)\n    done = False\nexcept MemoryError:\n    done = True"
    assert passes(code)


def test_an_endless_loop_ends() -> None:
    """At the limit on its processor time or on the clock."""
    began = time.monotonic()
    assert not passes("while True:\n    pass", limit_s=1.0)
    assert not passes("import time; time.sleep(60)", limit_s=1.0)
    assert time.monotonic() - began < 30


def test_there_is_no_network() -> None:
    """Not even this machine's own loopback, where the engine and Postgres listen."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"""
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=1)
    done = False
except OSError:
    done = True
"""
        assert passes(code)


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's secrets are in its own."""
    monkeypatch.setenv("BACKSTOP_SECRET", "sesame")
    assert passes("import os", "assert not set(os.environ) - {'LC_CTYPE'}, os.environ")


def test_the_service_s_files_are_not_there(tmp_path: Path) -> None:
    """A secret of this machine cannot be read, nor the list of its users."""
    secret = tmp_path / "operator.token"
    secret.write_text("sesame")
    secret.chmod(0o644)
    for path in (str(secret), "/etc/passwd", "/proc/1/environ", __file__):
        assert passes(f"import os\ndone = not os.path.exists({path!r})"), path


def test_nothing_can_be_written_but_its_own_empty_folder() -> None:
    """The interpreter and the libraries are read-only, and the folder holds nothing."""
    code = """
import os, sys
done = os.listdir(".") == []
for folder in ("/", "/usr/lib", "/dev", os.path.dirname(os.__file__)):
    try:
        open(os.path.join(folder, "x"), "w")
        done = False
    except OSError:
        pass
"""
    assert passes(code)


def test_a_big_file_hits_the_limit() -> None:
    """Of one file, and of all files together."""
    one = "try:\n    open('a', 'wb').write(b'x' * (2 << 20)); done = False\n"
    assert passes(
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        + one
        + "except OSError:\n    done = True"
    )
    many = "try:\n    for n in range(20):\n        open(str(n), 'wb').write(b'x' * (1 << 20))\n"
    assert passes(many + "    done = False\nexcept OSError:\n    done = True")


def test_it_cannot_kill_those_outside() -> None:
    """It sees its own processes alone, and the first of them is out of its reach."""
    code = f"""
import os, signal
done = True
for number in (1, {os.getpid()}, os.getppid()):
    try:
        os.kill(number, signal.SIGKILL)
        done = False
    except OSError:
        pass
"""
    assert passes(code)


def test_it_cannot_become_root_or_mount() -> None:
    """It has no privilege, and cannot get one."""
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
refused = []
for act in (os.setuid, os.setgid):
    try:
        act(0)
        refused.append(os.getuid() == 0)
    except OSError:
        refused.append(True)
refused.append(libc.mount(b"tmpfs", b"/sandbox", b"tmpfs", 0, None) != 0)
refused.append(libc.umount2(b"/sandbox", 2) != 0)
refused.append(libc.sethostname(b"x", 1) != 0)
refused.append(libc.ptrace(16, 1, 0, 0) != 0)
done = all(refused)
"""
    assert passes(code)


def test_what_detaches_itself_ends_all_the_same(marker: str) -> None:
    """A double fork with a session of its own is gone once the answer is graded."""
    code = f"""
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", "{marker}"])
    os._exit(0)
os.wait()
done = True
"""
    assert passes(code)
    assert left_over(marker) == []


def test_what_detaches_itself_ends_at_the_time_limit_too(marker: str) -> None:
    """Also if the code that started it never ends."""
    code = f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", "{marker}"])
time.sleep(60)
"""
    assert not passes(code, limit_s=1.0)
    assert left_over(marker) == []


def test_without_namespaces_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says why and what to do; the weaker sandbox is not for root."""
    monkeypatch.setattr(sandboxes, "_UNSHARE", ("--no-such-option",))
    with pytest.raises(EngineError, match=r"cannot be run safely here: .*weaker_sandbox"):
        Sandbox().run("a = 1", "assert a", limit_s=LIMIT_S)


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
def test_the_weaker_sandbox_is_not_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code could do everything there."""
    monkeypatch.setattr(sandboxes, "_UNSHARE", ("--no-such-option",))
    with pytest.raises(EngineError, match="not for root"):
        Sandbox(weaker=True).run("a = 1", "assert a", limit_s=LIMIT_S)


@pytest.mark.skipif(os.geteuid() == 0, reason="the weaker sandbox is not for root")
def test_the_weaker_sandbox_has_the_limits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, no environment, limits and time; but not the network."""
    monkeypatch.setattr(sandboxes, "_UNSHARE", ("--no-such-option",))
    weaker = Sandbox(weaker=True)
    assert weaker.run("import os", "assert os.listdir() == []", limit_s=LIMIT_S)
    assert not weaker.run("while True: pass", "assert True", limit_s=1.0)
    assert not weaker.run("bytearray(1 << 30)", "assert True", limit_s=LIMIT_S)


async def test_an_answer_is_run_as_it_is_and_out_of_its_fence() -> None:
    """A grader's strictness turns signs, so both are kept."""
    grader = EveryGrader(
        likelihood=NoLikelihood("memory"),
        embedder=NoEmbedder(),
        judge=NoJudge(),
        sandbox=Sandbox(),
    )
    case = GoldenCase(
        id="c",
        messages=(Message(role="user", content="Write f."),),
        expectation={"kind": "code", "before": "import math\n", "tests": "assert f() > 3"},
    )
    fenced = await grader.grade(case, "Here:\n```python\ndef f(): return math.pi\n```\n", None)
    plain = await grader.grade(case, "def f(): return math.pi", None)
    wrong = await grader.grade(case, "```\ndef f(): return 0\n```", None)
    grades = [(each.raw, each.normalized) for each in (fenced, plain, wrong)]
    assert grades == [(0.0, 1.0), (1.0, 1.0), (0.0, 0.0)]
