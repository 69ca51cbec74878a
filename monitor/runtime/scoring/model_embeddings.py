"""Vectors by a model on a thread of its own, within a share of the scorer's time.

A batch waits for its vectors for `limit_s` at most, so that faults are judged in time. Where the
model cannot keep up, the share of answers that it can is chosen by a keyed hash of their ids before
anything is embedded: never by what they say, nor by callers who choose ids, so the scores of those that are left stay a fair
sample. If the model fails, answers have no outlier score, and nothing else changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import structlog

from guards.exchange import Exchange
from guards.novelty import Embed, Embedded, EmbeddedBy, Vectors
from monitor.errors import BackstopError
from monitor.ports.embedding import Embedder
from monitor.runtime.worker_thread import WorkerThread

log = structlog.get_logger(__name__)

_BUDGET_S, _LIMIT_S = 0.5, 1.0
_AGAIN_S = 30.0
_LOADING_S = 120.0
_CHUNK = 64  # texts between two looks at the clock
_MEMORY = 0.9  # what is left of the counts of a batch after the next one
_CLOSE_LIMIT_S = 1.0
_KEY_BYTES = 16


class ModelEmbeddings:
    """Implements `Embeddings`.

    Args:
        load: loads the model; blocks; raises `EngineError` if it cannot be used.
        clock: monotonic seconds.
        budget_s: time for the vectors of one batch.
        limit_s: after which a batch goes on without.
        again_s: seconds until a model that failed is tried again.
        loading_s: for how long a reference waits for a model that is being loaded.
        key: of the hash that chooses, up to 64 bytes; `None` draws one that nobody knows.

    Attributes:
        made, left_out: answers with and without a vector that should have had one.
    """

    def __init__(
        self,
        load: Callable[[], Embedder],
        *,
        clock: Callable[[], float] = time.monotonic,
        budget_s: float = _BUDGET_S,
        limit_s: float = _LIMIT_S,
        again_s: float = _AGAIN_S,
        loading_s: float = _LOADING_S,
        key: bytes | None = None,
    ) -> None:
        self._load = load
        self._clock = clock
        self._budget_s = budget_s
        self._limit_s = limit_s
        self._again_s = again_s
        self._loading_s = loading_s
        self._key = secrets.token_bytes(_KEY_BYTES) if key is None else key
        self._thread = WorkerThread("embedder")
        self._embedder: Embedder | None = None
        self._tried = threading.Event()
        self._failure = "is being loaded"
        self._not_before = -float("inf")
        self._running: asyncio.Future[Vectors] | None = None
        self._fitting = _CHUNK
        self._asked, self._got = 0.0, 0.0
        self.made = 0
        self.left_out = 0

    @property
    def by(self) -> EmbeddedBy | None:
        """The model; `None` while it is not loaded."""
        return None if self._embedder is None else self._embedder.by

    @property
    def for_references(self) -> Embed | None:
        """What makes the vectors of a reference."""
        return self._of_reference

    async def run(self) -> None:
        """Load the model, and if that fails, again after a while, until cancelled."""
        while self._embedder is None:
            try:
                self._embedder = await self._thread.run(self._load)
                self._failure = ""
                log.info("embedder loaded", name=self._embedder.by.name)
            except BackstopError as error:
                self._fail(str(error))
            except Exception as error:  # whatever a model's library raises: nothing else suffers
                self._fail(repr(error))
            self._tried.set()
            if self._embedder is None:
                await asyncio.sleep(self._again_s)
        await asyncio.Event().wait()

    async def live(self, exchanges: Sequence[Exchange], due: Sequence[int]) -> Embedded | None:
        """Return vectors of a batch, NaN for answers that are left out."""
        embedder = self._embedder
        if embedder is None or not due:
            self._count(len(due), 0)
            return None
        vectors = np.full((len(exchanges), embedder.dimensions), np.nan, dtype=np.float32)
        rows = self._chosen(exchanges, due) if self._may_run() else []
        found = await self._in_time(embedder, [exchanges[row].output for row in rows])
        if len(found):
            vectors[rows[: len(found)]] = found
        self._count(len(due), len(found))
        return Embedded(by=embedder.by, vectors=vectors)

    def health(self) -> Mapping[str, str]:
        """Return what is wrong with the model, and what share of answers it has no time for."""
        if self._failure:
            return {"embedder": f"{self._failure}; answers have no outlier score meanwhile"}
        if self._asked - self._got > 0.01 * self._asked:
            share = 100 * self._got / self._asked
            return {
                "embedder": f"has time for {share:.0f} % of the recent answers, chosen by a hash of "
                "their ids; the others have no outlier score: give it a GPU or more cores"
            }
        return {}

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.close(_CLOSE_LIMIT_S)

    def _may_run(self) -> bool:
        is_free = self._running is None or self._running.done()
        return is_free and self._clock() >= self._not_before

    def _chosen(self, exchanges: Sequence[Exchange], due: Sequence[int]) -> list[int]:
        """Return the rows to be embedded, in the order of the hashes of their ids."""
        share = min(1.0, self._fitting / len(due))
        places = sorted((_place(exchanges[row].id, self._key), row) for row in due)
        return [row for place, row in places if place <= share]

    async def _in_time(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """Return the vectors of the first texts, as many as there is time for."""
        nothing = np.empty((0, embedder.dimensions), dtype=np.float32)
        if not texts:
            return nothing
        self._running = asyncio.ensure_future(
            self._thread.run(partial(self._embed, embedder, texts))
        )
        self._running.add_done_callback(_look_at)
        try:
            found = await asyncio.wait_for(asyncio.shield(self._running), self._limit_s)
        except TimeoutError:
            return nothing
        except Exception as error:  # whatever a model's library raises: nothing else suffers
            self._fail(str(error) if isinstance(error, BackstopError) else repr(error))
            return nothing
        self._failure = ""
        return found

    def _embed(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """Embed chunk by chunk; none is begun after the budget. On the thread."""
        began, parts = self._clock(), []
        for start in range(0, len(texts), _CHUNK):
            if start and self._clock() - began >= self._budget_s:
                break
            parts.append(embedder.encode(texts[start : start + _CHUNK]))
        found = np.concatenate(parts)
        took = self._clock() - began
        if len(found) >= _CHUNK or took > self._budget_s:
            self._fitting = max(1, int(len(found) * self._budget_s / max(took, 1e-6)))
        return found

    def _of_reference(self, texts: Sequence[str]) -> Embedded | None:
        """Return vectors of all texts, or nothing if the model is away. Blocks, on any thread."""
        self._tried.wait(self._loading_s)
        embedder = self._embedder
        if embedder is None:
            log.warning("the reference is fitted with the weight-free embedder", why=self._failure)
            return None
        try:
            parts = [
                embedder.encode(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)
            ]
        except BackstopError as error:
            log.warning("the reference is fitted with the weight-free embedder", why=str(error))
            return None
        return Embedded(by=embedder.by, vectors=np.concatenate(parts))

    def _count(self, asked: int, got: int) -> None:
        self.made += got
        self.left_out += asked - got
        self._asked, self._got = _MEMORY * self._asked + asked, _MEMORY * self._got + got

    def _fail(self, why: str) -> None:
        self._not_before = self._clock() + self._again_s
        if why != self._failure:
            log.error("the embedder is away", why=why)
        self._failure = why


def _place(exchange_id: str, key: bytes) -> float:
    """Return a number in [0, 1) that an id and the key decide, and nothing else."""
    written = exchange_id.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(written, digest_size=8, key=key)
    return int.from_bytes(digest.digest()) / 2**64


def _look_at(future: asyncio.Future[Vectors]) -> None:
    """Take note of an error that comes after nobody waits any more."""
    if not future.cancelled():
        future.exception()
