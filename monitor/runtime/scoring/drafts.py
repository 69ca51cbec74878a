"""Makes references of versions' first answers, beside the scoring, and offers them."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque

import structlog

from guards.novelty import Embed
from guards.reference import Reference, TooFewAnswers
from monitor.errors import Unavailable
from monitor.ports.evidence import EvidenceStore
from monitor.runtime.scoring.yardstick import Gathered

log = structlog.get_logger(__name__)

_SEED = 0
_AGAIN_S = 1.0
_KEY_BYTES = 32


class Drafts:
    """Fits and offers one reference at a time; whoever leads freezes it, or does not.

    Args:
        embed: a model's vectors of texts; without it, the weight-free embedder is fitted.
    """

    def __init__(
        self,
        evidence: EvidenceStore,
        embed: Embed | None = None,
        again_s: float = _AGAIN_S,
    ) -> None:
        self._evidence = evidence
        self._embed = embed
        self._again_s = again_s
        self._waiting: deque[Gathered] = deque()
        self._filled = asyncio.Event()

    def put(self, gathered: Gathered) -> None:
        """Take a version's first answers."""
        self._waiting.append(gathered)
        self._filled.set()

    async def run(self) -> None:
        """Offer until cancelled."""
        while True:
            await self.offer()
            await self._filled.wait()
            self._filled.clear()

    async def offer(self) -> None:
        """Offer what waits, however long Postgres is away."""
        while self._waiting:
            gathered = self._waiting[0]
            try:
                await asyncio.to_thread(self._offer, gathered)
            except Unavailable:
                await asyncio.sleep(self._again_s)
                continue
            except TooFewAnswers as error:
                log.warning("no reference", deployment=gathered.deployment, reason=str(error))
            self._waiting.popleft()

    def _offer(self, gathered: Gathered) -> None:
        reference = Reference.fit(
            gathered.answers,
            seed=_SEED,
            key=secrets.token_bytes(_KEY_BYTES),
            embed=self._embed,
        )
        self._evidence.draft_reference(
            gathered.deployment,
            gathered.version,
            gathered.epoch,
            reference.to_bytes(),
            reference.size,
        )
