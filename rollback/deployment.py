"""A deployment: the public model name, what serves it, and what it falls back to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rollback.times import require_aware


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What callers ask for by name, and which adapter answers.

    Args:
        active: version that serves, `None` for the base model.
        baseline: last known good version other than `active`; `None` if there is none yet.
        epoch: grows by one with every change of `active`; fences stale writers and replicas.
        promoted_at: when `active` began to serve.
        frozen: why no automatic change may happen, or `None`.
        pinned: why a person holds `active` where it is, or `None`; nothing moves it by itself.
        confirmed: whether `active` has shown itself good in live traffic (its own reference is
            frozen), so that it becomes the baseline at the next promotion.
        candidate: version that answers `candidate_share` of the callers, if there is one.
        candidate_share: in [0, 1].
        shadow_rate: share of the prompts, in [0, 1], that the baseline answers too, unseen.
        canary: id of the canary that the share is of, if one runs.
        revision: grows by one with every change of who is asked; an `epoch` has many of them.

    Raises:
        ValueError: if `promoted_at` is naive, or a share is outside [0, 1].
    """

    name: str
    active: str | None = None
    baseline: str | None = None
    epoch: int = 0
    promoted_at: datetime | None = None
    frozen: str | None = None
    confirmed: bool = False
    candidate: str | None = None
    candidate_share: float = 0.0
    shadow_rate: float = 0.0
    revision: int = 0
    canary: str | None = None
    pinned: str | None = None

    def __post_init__(self) -> None:
        require_aware(f"deployment {self.name}", promoted_at=self.promoted_at)
        for name in ("candidate_share", "shadow_rate"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"deployment {self.name}: {name} must lie between 0 and 1")

    @property
    def needed(self) -> frozenset[str]:
        """The versions that answer now, or must be able to at once."""
        named = (self.active, self.baseline, self.candidate)
        return frozenset(version for version in named if version is not None)


def baseline_after_promotion(deployment: Deployment, to: str) -> str | None:
    """Return the baseline once `to` is promoted: the last version known to be good.

    That is the active version if live traffic confirmed it, else the baseline as it was. Where
    there is none, the active version serves as one: it passed the gate, which is more than nothing.
    """
    trusted = deployment.active if deployment.confirmed else deployment.baseline
    for candidate in (trusted, deployment.active):
        if candidate is not None and candidate != to:
            return candidate
    return None


def baseline_after_rollback(deployment: Deployment, to: str | None) -> str | None:
    """Return the baseline once the deployment fell back onto `to`.

    The active version cannot be its own fallback; the next one is then found among the retired
    versions.
    """
    return None if to == deployment.baseline else deployment.baseline
