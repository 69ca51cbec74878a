"""Has golden cases answered and graded, as many at once as memory allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import NamedTuple

import structlog

from guards.expectation import LIKELIHOODS, GradingError
from guards.golden import GoldenCase, GoldenResult
from monitor.errors import BackstopError, BadRequest, OutOfMemory
from monitor.ports.engine import Generation, Piece
from monitor.ports.golden_host import GoldenHost

log = structlog.get_logger(__name__)

_MAX_TOKENS = 256
_BEHIND_CALLERS = 100  # of a server's priorities, where 0 is everybody's and more waits longer
_NO_ROOM = "there is not enough memory for one answer at a time"


class Question(NamedTuple):
    """A case, and the version that is to answer it (`None`: the base model)."""

    case: GoldenCase
    version: str | None


class Asking:
    """Asks one host.

    Args:
        at_once: how many questions at most; halved whenever memory runs out.
        case_limit: how long an answer and its grading may take.
    """

    def __init__(self, host: GoldenHost, at_once: int, case_limit: timedelta) -> None:
        self._host = host
        self._case_limit = case_limit
        self.at_once = at_once

    async def ask(self, questions: Sequence[Question]) -> Sequence[GoldenResult]:
        """Return a result for each question; what is wrong with a case itself is noted in it.

        Raises `EngineError`, `Unavailable`.
        """
        results: dict[int, GoldenResult] = {}
        while left := [place for place in range(len(questions)) if place not in results]:
            asked = left[: self.at_once]
            answered = await asyncio.gather(*(self._answer(questions[place]) for place in asked))
            told = zip(asked, answered, strict=True)
            results |= {place: each for place, each in told if isinstance(each, GoldenResult)}
            self._look_at([each for each in answered if isinstance(each, BackstopError)])
        return [results[place] for place in range(len(questions))]

    def _look_at(self, errors: Sequence[BackstopError]) -> None:
        """Ask less at once after a lack of memory; raise anything else."""
        for error in errors:
            if not isinstance(error, OutOfMemory):
                raise error
        if errors:
            self.at_once = max(1, self.at_once // 2)
            log.warning("golden run: memory ran out", at_once=self.at_once)

    async def _answer(self, question: Question) -> GoldenResult | BackstopError:
        try:
            async with asyncio.timeout(self._case_limit.total_seconds()):
                return await self._graded(question)
        except (BadRequest, GradingError) as error:
            return unusable(question.case, str(error))
        except TimeoutError:
            limit_s = self._case_limit.total_seconds()
            return unusable(question.case, f"no graded answer within {limit_s:g} s")
        except OutOfMemory as error:
            return error if self.at_once > 1 else unusable(question.case, f"{_NO_ROOM} ({error})")
        except BackstopError as error:
            return error

    async def _graded(self, question: Question) -> GoldenResult:
        case, version = question
        written = await self._written(question)
        grade = await self._host.grader.grade(case, written.output, version)
        return GoldenResult(
            case_id=case.id,
            output=written.output,
            raw=grade.raw,
            grade=grade.normalized,
            latency_s=written.latency_s,
            standard_error=grade.standard_error,
            prompt_tokens=written.prompt_tokens,
            output_tokens=written.output_tokens,
            token_logprobs=written.logprobs,
        )

    async def _written(self, question: Question) -> _Written:
        if question.case.expectation.get("kind") in LIKELIHOODS:
            return _Written()  # the model only says how probable the given texts are
        began = time.monotonic()
        pieces = self._host.engine.complete(_generation(question.case), question.version)
        async with aclosing(pieces):
            told = [piece async for piece in pieces]
        return _joined(told, time.monotonic() - began)


class _Written(NamedTuple):
    """An answer, with what the engine tells of its tokens."""

    output: str = ""
    logprobs: tuple[float, ...] = ()
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    latency_s: float = 0.0


def unusable(case: GoldenCase, reason: str) -> GoldenResult:
    """Return the result of a case that could not be answered or graded."""
    return GoldenResult(case_id=case.id, output="", raw=0.0, grade=0.0, latency_s=0.0, error=reason)


def _generation(case: GoldenCase) -> Generation:
    return Generation(
        messages=case.messages,
        tools=case.tools,
        stop=case.stop,
        max_tokens=case.max_tokens or _MAX_TOKENS,
        temperature=0.0,
        priority=_BEHIND_CALLERS,
    )


def _joined(pieces: Sequence[Piece], latency_s: float) -> _Written:
    tokens = [token for piece in pieces for token in piece.tokens]
    counts = [each.prompt_tokens for each in pieces if each.prompt_tokens is not None]
    return _Written(
        output="".join(piece.text for piece in pieces),
        logprobs=tuple(token.logprob for token in tokens),
        prompt_tokens=counts[-1] if counts else None,
        output_tokens=len(tokens) or None,
        latency_s=latency_s,
    )
