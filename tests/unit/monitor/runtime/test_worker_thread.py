"""The thread that the end of the process does not wait for."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from monitor.runtime.worker_thread import WorkerThread

HANGS = """
import asyncio, threading
from monitor.runtime.worker_thread import WorkerThread
async def main():
    thread = WorkerThread("scorer")
    hanging = asyncio.create_task(thread.run(threading.Event().wait))
    await asyncio.sleep(0)
    hanging.cancel()
    print(thread.close(0.05))
asyncio.run(main())
"""


async def test_calls_run_in_order_and_return_or_raise() -> None:
    """A call that fails does not end the thread."""
    thread = WorkerThread("scorer")
    seen: list[int] = []
    await thread.run(lambda: seen.append(1))
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    await thread.run(lambda: seen.append(2))
    assert seen == [1, 2]
    assert await thread.run(threading.current_thread) is not threading.current_thread()
    assert thread.close(5)


@pytest.mark.slow
def test_a_call_that_hangs_does_not_keep_the_process() -> None:
    """The interpreter ends although the call never returns."""
    ended = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=20
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "False")
