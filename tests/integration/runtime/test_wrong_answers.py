"""What golden runs teach of wrong answers reaches whoever scores live ones."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from guards import clues
from guards.exchange import Message
from guards.golden import GoldenCase
from monitor.engines.memory import MemoryEngine
from monitor.ports.engine import Generation, Piece
from monitor.ports.stores import Stores
from monitor.runtime.golden_beside import Beside
from monitor.runtime.golden_plan import Plan
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.wrong_answers import Learnt, answer_of, wrong_answers_of
from tests.integration.runtime.house import BAD, GOOD, NAME, WEIGHTS

pytestmark = pytest.mark.integration

PLAN = Plan(deployment=NAME, subject=None, cause="demand", margin=0.05, min_cases=20)


class Doubting(MemoryEngine):
    """Is unsure of every bad answer."""

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer; the tokens of a bad one were unlikely."""
        async with aclosing(super().complete(generation, version)) as pieces:
            async for piece in pieces:
                logprob = -3.0 if piece.text == BAD else -0.1
                tokens = tuple(replace(token, logprob=logprob) for token in piece.tokens)
                yield replace(piece, tokens=tokens)


def every_third_is_bad(generation: Generation, version: str | None) -> Iterable[str]:
    """Answer by the number in the question."""
    return [BAD if int(generation.messages[0].content) % 3 == 0 else GOOD]


def import_numbers(stores: Stores, count: int) -> None:
    """Import cases that are all to be answered well."""
    cases = [
        GoldenCase(
            id=f"case-{n}",
            messages=(Message(role="user", content=str(n)),),
            expectation={"kind": "exact", "value": GOOD},
        )
        for n in range(count)
    ]
    stores.golden.import_cases(NAME, cases, actor="ann", at=datetime.now(UTC))


async def test_a_run_teaches_what_wrong_answers_look_like(stores: Stores) -> None:
    """It is stored with the run, and found by the version; another version learns nothing of it."""
    import_numbers(stores, 60)
    outcome = await GoldenRuns(Beside(Doubting(every_third_is_bad)), stores).run(PLAN)
    assert outcome.run.summary["wrong_answers"]["auroc"] == 1.0
    deployment = stores.deployments.ensure(NAME)
    learnt = wrong_answers_of(stores.evidence, replace(deployment, active=None))
    assert learnt.alone is not None
    assert learnt.beside is None
    case = stores.golden.cases(NAME)[0]
    answers = [answer_of(case, None, GOOD, (logprob,)) for logprob in (-3.0, -0.1)]
    unsure, sure = learnt.alone.probabilities(clues.of_answers(answers, [None, None]))
    assert unsure > 0.8 > 0.2 > sure
    other = next(name for name in WEIGHTS if name is not None)
    assert wrong_answers_of(stores.evidence, replace(deployment, active=other)) == Learnt()


async def test_a_run_that_teaches_nothing_says_why_and_leaves_what_is_known(
    stores: Stores,
) -> None:
    """Too few wrong answers; what an earlier run taught stays."""
    import_numbers(stores, 60)
    await GoldenRuns(Beside(Doubting(every_third_is_bad)), stores).run(PLAN)
    outcome = await GoldenRuns(Beside(Doubting(lambda *_: [GOOD])), stores).run(PLAN)
    told = outcome.run.summary["wrong_answers"]
    assert told["learnt"] is None
    assert "60 right and 0 wrong" in told["reason"]
    deployment = replace(stores.deployments.ensure(NAME), active=None)
    assert wrong_answers_of(stores.evidence, deployment).alone is not None
