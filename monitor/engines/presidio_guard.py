"""A guard that asks Microsoft Presidio; an extra: `pip install backstop[presidio]`."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from typing import Any, Self

from guards.checks.context import GuardContext
from guards.checks.finding import Finding, masked
from monitor.errors import ConfigError, EngineError, Unavailable
from monitor.runtime.worker_thread import WorkerThread

_CLOSING_S = 1.0
_LONGEST = 200_000  # characters of an answer; a longer one would hold up all others
Analyze = Callable[[str], Sequence[Any]]


class PresidioGuard:
    """Lets Presidio look for personal data, off the event loop. Implements `AnswerGuard`.

    Args:
        name: what settings and counts go by.
        analyze: from a text to Presidio's `RecognizerResult`s.
        limit_s: how long a check may take, waiting included.
    """

    def __init__(self, name: str, analyze: Analyze, *, limit_s: float = 5.0) -> None:
        self._name = name
        self._analyze = analyze
        self._limit_s = limit_s
        self._thread = WorkerThread(f"guard-{name}")
        self._closed = False

    @classmethod
    async def open(
        cls,
        name: str,
        *,
        language: str = "en",
        entities: Sequence[str] | None = None,
        threshold: float = 0.5,
        limit_s: float = 5.0,
    ) -> Self:
        """Load Presidio with its own configuration, off the event loop.

        Args:
            language: one that its configuration has a model for.
            entities: Presidio's names of kinds; `None` is all of them.
            threshold: the least score, in [0, 1], that is a finding.

        Raises:
            ConfigError: if Presidio, or its language model, is not installed.
        """
        engine = await asyncio.to_thread(_engine)
        chosen = None if entities is None else list(entities)
        return cls(
            name,
            lambda text: engine.analyze(
                text, language=language, entities=chosen, score_threshold=threshold
            ),
            limit_s=limit_s,
        )

    @property
    def name(self) -> str:
        """The name that settings and counts go by."""
        return self._name

    async def check(self, answer: str, _context: GuardContext) -> tuple[Finding, ...]:
        """Return what Presidio finds, by its own names in small letters.

        Raises:
            EngineError: if Presidio fails.
            Unavailable: if it takes longer than the limit, the answer is too long, or the guard is closed.
        """
        if self._closed:
            raise Unavailable(f"guard {self._name} is closed")
        if len(answer) > _LONGEST:
            raise Unavailable(f"guard {self._name}: the answer has over {_LONGEST:,} characters")
        try:
            async with asyncio.timeout(self._limit_s):
                found = await self._thread.run(lambda: self._analyze(answer))
        except TimeoutError as error:
            raise Unavailable(
                f"guard {self._name}: Presidio took over {self._limit_s} s"
            ) from error
        except Exception as error:
            raise EngineError(f"guard {self._name}: Presidio failed: {error}") from error
        return tuple(_finding(each, answer) for each in sorted(found, key=lambda each: each.start))

    async def close(self) -> None:
        """Let go of the thread."""
        self._closed = True
        await asyncio.to_thread(self._thread.close, _CLOSING_S)


def _engine() -> Any:
    try:
        presidio = importlib.import_module("presidio_analyzer")
    except ModuleNotFoundError as error:
        raise ConfigError(
            "Presidio is not installed; install it: pip install 'backstop[presidio]'"
        ) from error
    try:
        return presidio.AnalyzerEngine()
    # spaCy ends the process where a model is missing and cannot be fetched.
    except (OSError, ValueError, SystemExit) as error:
        raise ConfigError(
            f"Presidio has no language model; install one, such as en_core_web_lg: {error}"
        ) from error


def _finding(result: Any, answer: str) -> Finding:
    excerpt = masked(answer[result.start : result.end], result.end - result.start)
    return Finding(
        kind=f"presidio:{result.entity_type.lower()}",
        start=result.start,
        end=result.end,
        score=min(float(result.score), 1.0),
        excerpt=excerpt,
    )
