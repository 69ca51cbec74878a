"""The local engine: transformers and PEFT in this process, many versions in one batch."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Self

from guards.exchange import Message
from monitor.engines.adapters import BASE
from monitor.engines.model import load_model
from monitor.engines.packing import Packing
from monitor.engines.request import Request
from monitor.engines.worker import Worker
from monitor.errors import EngineError
from monitor.ports.engine import Generation, Piece


class LocalEngine:
    """An engine in this process. Implements `ports.Engine` and `ports.Likelihood`.

    One thread owns the model and steps a running batch that requests of any version join and
    leave between two tokens; the event loop only hands over requests and receives pieces.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @classmethod
    def open(
        cls,
        model_dir: Path,
        device: str = "auto",
        max_batch: int = 16,
        threads: int | None = None,
        packing: Packing | None = None,
    ) -> Self:
        """Load the base model and start to serve. Blocks for as long as that takes.

        Args:
            device: `auto`, `cpu`, `cuda` or `cuda:N`; bfloat16 on a GPU, float32 on a CPU.
            max_batch: rows in one step, at least 1; further requests wait their turn.
            threads: CPU threads of a step; `None` leaves one core to everything that is not the
                model: threads that wait for each other on a busy core cost far more than they win.
            packing: how requests share steps where the engine answers whole sets; otherwise they
                run in the order in which they came, `max_batch` of them.

        Raises:
            EngineError: there is no such model or device.
        """
        if max_batch < 1:
            raise EngineError(f"max_batch must be at least 1, not {max_batch}")
        worker = Worker(
            load_model(model_dir, device),
            packing=packing or Packing(rows=max_batch),
            threads=threads or _spare_cores(),
        )
        worker.start()
        return cls(worker)

    def close(self) -> None:
        """Stop serving; answers on their way end with `Unavailable`. Blocks for one step."""
        self._worker.stop()

    async def loaded(self) -> frozenset[str]:
        """Return the versions that can serve now. Raises `EngineError` if the engine is dead."""
        if self._worker.death is not None:
            raise EngineError(self._worker.death)
        return frozenset(_version(name) for name in self._worker.names)

    async def load(self, version: str, folder: Path) -> None:
        """Load a version's safetensors; do nothing if it is loaded.

        Raises:
            EngineError: the files cannot be read, do not fit the base model, or are of a kind
                that cannot share a batch with other versions.
        """
        await asyncio.wrap_future(self._worker.load(_adapter(version), folder))

    async def unload(self, version: str) -> None:
        """Refuse new requests for a version, and forget it when its last answer has ended."""
        await asyncio.wrap_future(self._worker.unload(_adapter(version)))

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer; one piece per token, the token that ends it included.

        Raises:
            BadRequest: the prompt is too long or the chat template refuses it.
            EngineError: the version is not loaded, or the model failed.
            Unavailable: the engine is closed or dead.
        """
        adapter = self._serving(version)
        request = Request(generation, adapter)
        self._worker.submit(request)
        try:
            while True:
                piece = await request.next()
                yield piece
                if piece.finish_reason is not None:
                    return
        finally:
            request.abandoned = True

    async def score(
        self, messages: Sequence[Message], continuation: str, version: str | None
    ) -> tuple[float, ...]:
        """Return the log-probability of each token of a continuation; see `ports.Likelihood`.

        It is one pass between two steps of the running batch.
        """
        adapter = self._serving(version)
        return await asyncio.wrap_future(self._worker.score(messages, continuation, adapter))

    def _serving(self, version: str | None) -> str:
        """Return the adapter of a version. Raises `EngineError` if it is not loaded."""
        adapter = BASE if version is None else _adapter(version)
        if adapter != BASE and self._worker.death is None and adapter not in self._worker.names:
            raise EngineError(f"{version} is not loaded")
        return adapter


def _spare_cores() -> int:
    return max(1, (os.cpu_count() or 2) - 1)


def _adapter(version: str) -> str:
    """Return a version's name as PEFT takes it: without dots, and never two for one."""
    return version.replace("%", "%25").replace(".", "%2E")


def _version(adapter: str) -> str:
    return adapter.replace("%2E", ".").replace("%25", "%")
