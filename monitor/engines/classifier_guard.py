"""A guard that asks a local sequence-classification model (transformers)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from guards.checks.context import GuardContext
from guards.checks.finding import Finding, masked
from monitor.errors import EngineError, Unavailable
from monitor.runtime.worker_thread import WorkerThread

_CLOSING_S = 1.0
_LONGEST = 200_000  # characters of an answer; a longer one would hold up all others


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An answer that waits for the next batch."""

    answer: str
    told: asyncio.Future[dict[str, float]]


class ClassifierGuard:
    """Asks a model which labels fit an answer. Implements `ports.guards.AnswerGuard`.

    One thread runs the model; answers that come while it works are its next batch. An answer of
    more tokens than the model reads is cut into pieces, and the highest score of a piece counts.

    Args:
        name: what settings and counts go by.
        model: from `open`.
        thresholds: label to the least score, in (0, 1], that is a finding.
        max_batch: pieces in one step, at least 1.
        limit_s: how long a check may take, waiting included.
    """

    def __init__(
        self,
        name: str,
        model: Classifier,
        thresholds: dict[str, float],
        *,
        max_batch: int = 16,
        limit_s: float = 5.0,
    ) -> None:
        self._name = name
        self._model = model
        self._thresholds = thresholds
        self._max_batch = max_batch
        self._limit_s = limit_s
        self._thread = WorkerThread(f"guard-{name}")
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        name: str,
        folder: Path,
        thresholds: dict[str, float],
        *,
        device: str = "cpu",
        max_batch: int = 16,
        limit_s: float = 5.0,
    ) -> Self:
        """Load a model from a folder, off the event loop.

        Raises:
            EngineError: if there is no such model, or it does not know a label.
        """
        model = await asyncio.to_thread(Classifier.load, folder, device, max_batch)
        for label in thresholds.keys() - set(model.labels):
            known = ", ".join(model.labels)
            raise EngineError(f"the classifier in {folder} has no label {label!r}; it has {known}")
        return cls(name, model, thresholds, max_batch=max_batch, limit_s=limit_s)

    @property
    def name(self) -> str:
        """The name that settings and counts go by."""
        return self._name

    async def check(self, answer: str, _context: GuardContext) -> tuple[Finding, ...]:
        """Return a finding over the whole answer for each label that reaches its threshold.

        Raises:
            EngineError: if the model fails.
            Unavailable: if it takes longer than the limit, the answer is too long, or the guard is closed.
        """
        if self._closed:
            raise Unavailable(f"guard {self._name} is closed")
        if len(answer) > _LONGEST:
            raise Unavailable(f"guard {self._name}: the answer has over {_LONGEST:,} characters")
        waiting = _Waiting(answer, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._empty())
        try:
            scores = await asyncio.wait_for(waiting.told, self._limit_s)
        except TimeoutError as error:
            raise Unavailable(
                f"guard {self._name}: the classifier took over {self._limit_s} s"
            ) from error
        return tuple(
            _finding(f"{self._name}:{label}", score, answer)
            for label, score in scores.items()
            if score >= self._thresholds.get(label, 2.0)
        )

    async def close(self) -> None:
        """Let go of the thread; checks that wait end with `Unavailable`."""
        self._closed = True
        for waiting in self._waiting:
            _refuse(waiting, Unavailable(f"guard {self._name} is closed"))
        self._waiting.clear()
        await asyncio.to_thread(self._thread.close, _CLOSING_S)

    async def _empty(self) -> None:
        """Run batches until nobody waits."""
        while self._waiting:
            batch = [each for each in self._waiting[: self._max_batch] if not each.told.done()]
            del self._waiting[: self._max_batch]
            await self._run(batch)

    async def _run(self, batch: Sequence[_Waiting]) -> None:
        answers = [each.answer for each in batch]
        try:
            told = await self._thread.run(lambda: self._model.scores(answers))
        except Exception as error:
            for each in batch:
                _refuse(each, EngineError(f"guard {self._name}: the classifier failed: {error}"))
            return
        for each, scores in zip(batch, told, strict=True):
            if not each.told.done():
                each.told.set_result(scores)


class Classifier:
    """A loaded model, its tokenizer and its labels. Its methods block."""

    def __init__(self, network: Any, tokenizer: Any, max_batch: int) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._max_batch = max_batch
        config = network.config
        self.labels: tuple[str, ...] = tuple(
            config.id2label[index] for index in range(config.num_labels)
        )
        self._many = config.problem_type == "multi_label_classification" or len(self.labels) == 1
        self._longest = min(tokenizer.model_max_length, config.max_position_embeddings, 4096)

    @classmethod
    def load(cls, folder: Path, device: str, max_batch: int) -> Self:
        """Load from a folder; nothing is fetched, and no code in it is run.

        Raises:
            EngineError: if there is no usable model.
        """
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            network = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True
            )
        except (OSError, ValueError) as error:
            raise EngineError(f"there is no classifier in {folder}: {error}") from error
        return cls(network.to(device).eval(), tokenizer, max_batch)

    def scores(self, answers: Sequence[str]) -> list[dict[str, float]]:
        """Return each label's probability for each answer: of its likeliest piece."""
        import torch

        pieces = self._tokenizer(
            list(answers),
            truncation=True,
            max_length=self._longest,
            padding=True,
            return_overflowing_tokens=True,
            return_tensors="pt",
        )
        rows = pieces.pop("overflow_to_sample_mapping").tolist()
        best = [dict.fromkeys(self.labels, 0.0) for _ in answers]
        for start in range(0, len(rows), self._max_batch):
            part = slice(start, start + self._max_batch)
            inputs = {key: value[part].to(self._network.device) for key, value in pieces.items()}
            with torch.inference_mode():
                logits = self._network(**inputs).logits.float()
            shares = logits.sigmoid() if self._many else logits.softmax(dim=-1)
            for row, values in zip(rows[part], shares.tolist(), strict=True):
                for label, value in zip(self.labels, values, strict=True):
                    best[row][label] = max(best[row][label], value)
        return best


def _finding(kind: str, score: float, answer: str) -> Finding:
    excerpt = masked(answer, len(answer))
    return Finding(kind=kind, start=0, end=len(answer), score=min(score, 1.0), excerpt=excerpt)


def _refuse(waiting: _Waiting, error: Exception) -> None:
    if not waiting.told.done():
        waiting.told.set_exception(error)
