"""A process that does golden runs, to be killed: `… DATABASE_URL ANSWER_S`.

It goes on with what was left behind, or begins, and ends once a run is finished. For each answer it
writes a line with the case's prompt and the version.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from guards.exchange import FinishReason
from guards.verdicts import Verdict
from monitor.errors import BadAdapter
from monitor.ports.engine import Generation, Piece, Token
from monitor.ports.stores import Stores
from monitor.ports.versions import AdapterSource, ArtifactStore
from monitor.runtime.golden_beside import Beside
from monitor.runtime.golden_plan import Outcome, Plan, RunSettings
from monitor.runtime.golden_runs import GoldenRuns
from monitor.storage.database import open_engine
from monitor.storage.stores import open_stores
from rollback.versions import AdapterVersion
from tests.integration.runtime.house import BAD, GOOD, NAME, V1, V2

PLAN = Plan(
    deployment=NAME,
    subject=V2,
    against=V1,
    compared=True,
    cause="demand",
    margin=0.05,
    min_cases=20,
    clear_line=200.0,
)
SETTINGS = RunSettings(chunk=4, hold=timedelta(seconds=0.6))


class NoFiles(ArtifactStore):
    """Holds no adapter files."""

    def take_in(self, family: str, source: AdapterSource, **facts: object) -> AdapterVersion:
        """Refuse every adapter."""
        raise BadAdapter("none is taken in here")

    def folder(self, name: str) -> Path:
        """Know no adapter."""
        raise BadAdapter("there are no files here")


class Slow:
    """Answers by the number in the question, after a while; the new version is wrong on some."""

    def __init__(self, answer_s: float, *, tells: bool) -> None:
        self._answer_s = answer_s
        self._tells = tells

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write one word."""
        number = int(generation.messages[0].content.split()[1])
        await asyncio.sleep(self._answer_s * (1 + number % 3))
        word = BAD if version == V2 and number % 7 == 0 else GOOD
        if self._tells:
            sys.stdout.write(f"{number} {version}\n")
            sys.stdout.flush()
        token = Token(id=number, text=word, logprob=-1 / (3 + number))
        yield Piece(text=word, tokens=(token,), finish_reason=FinishReason.STOP, prompt_tokens=5)

    async def loaded(self) -> frozenset[str]:
        """Return both versions."""
        return frozenset({V1, V2})

    async def load(self, version: str, folder: Path) -> None:
        """Have it already."""

    async def unload(self, version: str) -> None:
        """Keep it."""


async def work(stores: Stores, answer_s: float, *, tells: bool) -> Outcome:
    """Go on with what was left behind, or begin; return once a run is finished."""
    runs = GoldenRuns(Beside(Slow(answer_s, tells=tells)), stores, SETTINGS)
    while True:
        if not stores.golden.runs(NAME):
            return await runs.run(PLAN)
        for left in stores.golden.left_behind(datetime.now(UTC)):
            outcome = await runs.go_on(left)
            if outcome is not None:
                return outcome
        await asyncio.sleep(0.05)


async def main(url: str, answer_s: float) -> None:
    """Work until a run has ended well."""
    outcome = await work(open_stores(open_engine(url), NoFiles()), answer_s, tells=True)
    assert outcome.run.verdict is not Verdict.ERROR, outcome.run.summary


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
