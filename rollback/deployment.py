"""A deployment: the public model name, what serves it, and what it falls back to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What callers ask for by name, and which adapter answers.

    Args:
        active: version that serves, `None` for the base model.
        baseline: last known good version other than `active`; `None` if there is none yet.
        epoch: grows by one with every change of `active`; fences stale writers and replicas.
        promoted_at: when `active` began to serve.
        frozen: why no automatic change may happen, or `None`.
        confirmed: whether `active` has shown itself good in live traffic (its own reference is
            frozen), so that it becomes the baseline at the next promotion.
    """

    name: str
    active: str | None = None
    baseline: str | None = None
    epoch: int = 0
    promoted_at: datetime | None = None
    frozen: str | None = None
    confirmed: bool = False
