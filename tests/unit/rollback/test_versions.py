"""States of a version and the moves between them."""

from datetime import UTC, datetime
from itertools import product

import pytest

from rollback.errors import IllegalTransition
from rollback.versions import AdapterVersion, VersionState, move

_LEGAL = {
    ("registered", "verified"),
    ("verified", "active"),
    ("active", "retired"),
    ("retired", "active"),
    ("registered", "quarantined"),
    ("verified", "quarantined"),
    ("active", "quarantined"),
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
        assert move(version, to, "again") == version
    elif (start.value, to.value) in _LEGAL:
        moved = move(version, to, "because")
        assert (moved.state, moved.reason, moved.name) == (to, "because", version.name)
    else:
        with pytest.raises(IllegalTransition, match=f"cannot become {to.value}"):
            move(version, to, "because")


def test_a_refusal_says_what_is_possible() -> None:
    """A person reads it at the command line."""
    with pytest.raises(IllegalTransition, match="it can become active or quarantined"):
        move(_version(VersionState.VERIFIED), VersionState.RETIRED, "because")


def test_a_release_from_quarantine_needs_a_reason() -> None:
    """It did harm once; somebody must say why it may come back."""
    with pytest.raises(IllegalTransition, match="say why"):
        move(_version(VersionState.QUARANTINED), VersionState.VERIFIED, "  ")


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
