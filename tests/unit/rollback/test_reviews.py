"""When a review is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rollback.deployment import Deployment
from rollback.incident import Incident, Phase
from rollback.reviews import AGE, Cause, Review, due
from rollback.versions import AdapterVersion, VersionState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def version(number: int, parent: int | None = None, **facts: object) -> AdapterVersion:
    """Return a version that was added now."""
    return AdapterVersion(
        name=f"support@{number:012d}",
        label="",
        state=VersionState.ACTIVE,
        manifest={},
        created_at=NOW,
        parent=None if parent is None else f"support@{parent:012d}",
        facts=facts,
    )


def reviews(
    *versions: AdapterVersion, now: datetime = NOW, incidents: tuple[Incident, ...] = ()
) -> list[Review]:
    """Return the reviews of a deployment that the last of these versions serves."""
    deployment = Deployment(name="support", active=versions[-1].name)
    return due(deployment, {each.name: each for each in versions}, incidents, now)


def test_a_new_version_of_its_own_needs_no_review() -> None:
    """Nothing is old, stacked or changed."""
    assert reviews(version(1)) == []


def test_age_asks_once_for_each_period() -> None:
    """The id stays within a period, and is another one in the next."""
    [first] = reviews(version(1), now=NOW + AGE)
    [still] = reviews(version(1), now=NOW + AGE + timedelta(days=9))
    [second] = reviews(version(1), now=NOW + 2 * AGE)
    assert first.cause is Cause.AGE
    assert first.id == still.id != second.id


def test_three_versions_below_are_a_stack() -> None:
    """Two are none; a ring of forebears ends."""
    stack = [version(1), version(2, 1), version(3, 2), version(4, 3)]
    assert reviews(*stack[:3]) == []
    assert [each.cause for each in reviews(*stack)] == [Cause.DEPTH]
    assert reviews(version(1, 2), version(2, 1)) == []


def test_a_changed_base_model_asks_for_a_review() -> None:
    """As the incident on record says; another incident does not."""
    changed = Incident(
        id="i",
        deployment="support",
        opened_at=NOW,
        phase=Phase.BASE_CHANGED,
        from_version=None,
        to_version=None,
        reason="",
        actor="backstop",
        epoch=1,
    )
    others = (changed, replace(changed, id="j", phase=Phase.PROVED))
    assert [each.cause for each in reviews(version(1), incidents=others)] == [Cause.BASE_CHANGED]


def test_a_changed_licence_is_named() -> None:
    """Of adapter, base or data, against the version it was made from."""
    before = version(1, licence="mit", card={"base_licence": "llama3"})
    same = version(2, 1, licence="mit", card={"base_licence": "llama3"})
    other = version(3, 1, licence="mit", card={"base_licence": "llama3.2"})
    assert reviews(before, same) == []
    [review] = reviews(before, other)
    assert review.cause is Cause.LICENCE_CHANGED
    assert "base model: llama3 → llama3.2" in review.sentence
