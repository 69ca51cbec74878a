"""The examples of docs/ingest.md do what they say."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

from guards.exchange_log import KEYS
from tests.integration.gateway.reporting import reporting
from tests.serving import CALLER

pytestmark = pytest.mark.integration

PAGE = (Path(__file__).parents[3] / "docs" / "ingest.md").read_text(encoding="utf-8")
EXAMPLES = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "curl" in block]


@pytest.mark.parametrize(("example", "accepted"), list(zip(EXAMPLES, (1, 2, 1), strict=True)))
async def test_each_curl_example_is_taken(example: str, accepted: int) -> None:
    """As it stands on the page, typed into a shell."""
    async with reporting(locked=True) as served:
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            example,
            env={"PATH": os.environ["PATH"], "BACKSTOP": served.url, "TOKEN": CALLER},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await shell.communicate()
    assert json.loads(printed) == {"accepted": accepted}
    assert len(served.basket.items) == accepted


def test_every_key_of_the_format_is_explained() -> None:
    """In the table, and no other."""
    table = PAGE.partition("## The exchange log")[2].partition("## From a file")[0]
    keys = [
        key for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in row.split(", ")
    ]
    assert [key.strip("`") for key in keys] == list(KEYS)
