"""The limit within which the process ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

HANGS = """
import threading
from monitor.bootstrap.deadline import Deadline
deadline = Deadline(0.05)
deadline.begin()
deadline.begin()
{then}
threading.Event().wait({wait})
"""


@pytest.mark.slow
@pytest.mark.parametrize(("then", "wait", "code"), [("", "", 1), ("deadline.cancel()", "0.2", 0)])
def test_a_process_that_hangs_ends_at_its_deadline(then: str, wait: str, code: int) -> None:
    """Unless the deadline was taken back."""
    program = HANGS.format(then=then, wait=wait)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20)
    assert ended.returncode == code
