"""What the scorer and the judges read, held in memory: one deployment and its baseline's reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from guards.exchange import Exchange
from guards.reference import Reference
from rollback.deployment import Deployment
from rollback.evidence import JudgeState
from rollback.versions import AdapterVersion, VersionState

NAME = "replayed"
ACTIVE = "log"  # the version that gave the answers of the log
BASELINE = "reference"  # the version that gave the answers of the reference, and the shadows
EPOCH = 1
_SEED = 0  # of references, as the service draws it
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One deployment whose baseline has a frozen reference; it plays `Pointers` and `Yardsticks`."""

    frozen: bytes

    @property
    def deployment(self) -> Deployment:
        """The deployment, from its promotion to a rollback."""
        return Deployment(
            name=NAME, active=ACTIVE, baseline=BASELINE, epoch=EPOCH, promoted_at=_LONG_AGO
        )

    @property
    def baseline(self) -> AdapterVersion:
        """The version to go back to."""
        return AdapterVersion(
            name=BASELINE,
            label="",
            state=VersionState.RETIRED,
            manifest={},
            created_at=_LONG_AGO,
        )

    def all(self) -> Sequence[Deployment]:
        """Return the one deployment."""
        return (self.deployment,)

    def judge_state(self, deployment: str) -> JudgeState | None:
        """Return nothing: a replay starts at the promotion."""
        return None

    def reference(self, deployment: str, version: str | None) -> bytes | None:
        """Return the baseline's reference."""
        return self.frozen if version == BASELINE else None

    def wrong_answers(self, deployment: str, version: str | None) -> Mapping[str, Any] | None:
        """Return nothing: no golden set was run."""
        return None

    def drafted(self, deployment: str, epoch: int) -> tuple[bytes, int] | None:
        """Return the frozen reference: no other is to be gathered."""
        return self.frozen, 0


def ground(usual: Sequence[Exchange]) -> Ground:
    """Freeze a reference of these answers. Raises `TooFewAnswers` if they are under 40."""
    return Ground(frozen=Reference.fit(usual, seed=_SEED).to_bytes())
