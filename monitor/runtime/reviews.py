"""Reviews that are due, and those that people have done: these stand on the audit trail alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.errors import NotFound
from monitor.ports.listings import AuditFilter
from monitor.ports.stores import Stores
from rollback import reviews
from rollback.reviews import Review

_DONE = "review.done"
_REMEMBERED = 10_000


def open_reviews(stores: Stores, now: datetime) -> Sequence[Review]:
    """Return the reviews that are due and that nobody has done, by deployment. Blocks."""
    versions = {version.name: version for version in stores.registry.versions()}
    done = {
        row.payload.get("review")
        for row in stores.listings.audit(AuditFilter(action=_DONE), None, _REMEMBERED)
    }
    return [
        review
        for deployment in stores.deployments.all()
        for review in reviews.due(deployment, versions, stores.incidents.list(deployment.name), now)
        if review.id not in done
    ]


def finish(stores: Stores, review_id: str, *, actor: str, note: str, at: datetime) -> Review:
    """Record that a review is done. Blocks. Raises `NotFound` for one that is not open."""
    for review in open_reviews(stores, at):
        if review.id == review_id:
            stores.audit.append(
                actor=actor,
                action=_DONE,
                subject=review.deployment,
                payload={
                    "review": review.id,
                    "version": review.version,
                    "cause": review.cause.value,
                    "reason": note,
                },
                at=at,
            )
            return review
    raise NotFound(f"there is no open review {review_id!r}; `backstop reviews list` lists them")
