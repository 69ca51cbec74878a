"""States of a version and the moves between them."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.errors import IllegalTransition
from rollback.versions import AdapterVersion, Roles, VersionState, move, standing

_LEGAL = {
    ("registered", "verified"),
    ("verified", "candidate"),
    ("verified", "active"),
    ("candidate", "verified"),
    ("candidate", "active"),
    ("active", "baseline"),
    ("active", "retired"),
    ("baseline", "active"),
    ("baseline", "retired"),
    ("retired", "active"),
    ("retired", "baseline"),
    ("registered", "quarantined"),
    ("verified", "quarantined"),
    ("candidate", "quarantined"),
    ("active", "quarantined"),
    ("baseline", "quarantined"),
    ("retired", "quarantined"),
    ("quarantined", "verified"),
    ("quarantined", "registered"),
}


def _version(state: VersionState) -> AdapterVersion:
    return AdapterVersion(
        name="support@3f9a2c1d7b04",
        label="v1",
        state=state,
        manifest={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        reason="as it was",
    )


@pytest.mark.parametrize(("start", "to"), list(product(VersionState, repeat=2)))
def test_only_the_listed_moves_are_legal(start: VersionState, to: VersionState) -> None:
    """Every other one is refused, except to stay."""
    version = _version(start)
    if start is to:
        assert move(version, to, "again", actor="ann") == version
    elif (start.value, to.value) in _LEGAL:
        moved = move(version, to, "because", actor="ann")
        assert (moved.state, moved.reason, moved.name) == (to, "because", version.name)
    else:
        with pytest.raises(IllegalTransition, match=f"cannot become {to.value}"):
            move(version, to, "because", actor="ann")


def test_a_refusal_says_what_is_possible() -> None:
    """A person reads it at the command line."""
    with pytest.raises(IllegalTransition, match="it can become active or candidate or quarantined"):
        move(_version(VersionState.VERIFIED), VersionState.RETIRED, "because", actor="ann")


def test_a_release_from_quarantine_needs_a_reason() -> None:
    """It did harm once; somebody must say why it may come back."""
    with pytest.raises(IllegalTransition, match="say why"):
        move(_version(VersionState.QUARANTINED), VersionState.VERIFIED, "  ", actor="ann")


@pytest.mark.parametrize("actor", ["backstop", "", " "])
def test_only_a_person_releases(actor: str) -> None:
    """Nothing leaves quarantine by itself."""
    with pytest.raises(IllegalTransition, match="only a person"):
        move(
            _version(VersionState.QUARANTINED), VersionState.VERIFIED, "it seems fine", actor=actor
        )


@given(st.sampled_from(VersionState), st.builds(Roles))
def test_roles_never_free_a_version_from_quarantine(state: VersionState, roles: Roles) -> None:
    """Whatever deployments name it: quarantine ends by a release only."""
    quarantined = VersionState.QUARANTINED
    assert (standing(state, roles) is quarantined) == (state is quarantined)


@given(st.sampled_from([VersionState.VERIFIED, VersionState.ACTIVE]), st.lists(st.builds(Roles)))
def test_a_verified_version_follows_its_roles_by_legal_moves(
    start: VersionState, roles: list[Roles]
) -> None:
    """Whatever they are: a flip is never held up by what a version was before."""
    version = _version(start)
    for role in roles:
        version = move(version, standing(version.state, role), "moved", actor="backstop")
        assert (version.state is VersionState.ACTIVE) == role.active


def test_a_released_baseline_is_verified_until_it_serves_again() -> None:
    """It is no proven version any more, though a deployment still names it."""
    assert standing(VersionState.VERIFIED, Roles(baseline=True)) is VersionState.VERIFIED


def test_a_name_has_a_family_and_a_digest() -> None:
    """They stand before and after the sign @."""
    version = _version(VersionState.ACTIVE)
    assert (version.family, version.digest) == ("support", "3f9a2c1d7b04")


def test_a_naive_time_of_creation_is_refused() -> None:
    """All times are aware."""
    with pytest.raises(ValueError, match="created_at must be timezone-aware"):
        AdapterVersion(
            name="support@3f9a2c1d7b04",
            label="",
            state=VersionState.REGISTERED,
            manifest={},
            created_at=datetime(2026, 1, 1),  # noqa: DTZ001
        )
