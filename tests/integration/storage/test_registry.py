"""Tests of `monitor.storage.registry`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from monitor.errors import Conflict, NotFound
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from rollback.versions import TRANSITIONS, VersionState
from tests.integration.storage.builders import NOW, SECOND, V1, V2, version

pytestmark = pytest.mark.integration


def test_a_version_comes_back_as_it_was_added(stores: Stores) -> None:
    """Manifest, facts and parent survive storage."""
    full = replace(version(V1, "v1"), parent=V2, facts={"examples": 120, "loss": 0.25})
    stores.registry.add(full, actor="ann")
    assert stores.registry.versions() == [full]


def test_adding_twice_returns_the_stored_version(stores: Stores) -> None:
    """The second add changes nothing and writes no audit row."""
    stores.registry.add(version(V1, "v1"), actor="ann")
    assert stores.registry.add(version(V1, "other"), actor="bob").label == "v1"
    assert len(list(stores.audit.rows())) == 1


def test_a_label_belongs_to_one_content(stores: Stores) -> None:
    """The same label for other bytes is a conflict; empty labels are no labels."""
    stores.registry.add(version(V1, "v1"), actor="ann")
    with pytest.raises(Conflict, match="label 'v1' of 'support' belongs to other content"):
        stores.registry.add(version(V2, "v1"), actor="ann")
    stores.registry.add(version(V2, ""), actor="ann")
    stores.registry.add(version("support@333333333333", ""), actor="ann")
    stores.registry.add(version("sales@333333333333", "v1"), actor="ann")


def test_versions_are_newest_first(stores: Stores) -> None:
    """A family's versions come by their age."""
    stores.registry.add(version(V1, "v1"), actor="ann")
    stores.registry.add(replace(version(V2, "v2"), created_at=NOW + SECOND), actor="ann")
    stores.registry.add(version("sales@333333333333", "v1"), actor="ann")
    assert [found.name for found in stores.registry.versions("support")] == [V2, V1]


def test_a_move_is_recorded_with_its_reason(stores: Stores) -> None:
    """State, reason and audit row change together."""
    stores.registry.add(version(V1, "v1"), actor="ann")
    moved = stores.registry.move(V1, VersionState.QUARANTINED, actor="bob", reason="rude", at=NOW)
    assert (moved.state, moved.reason) == (VersionState.QUARANTINED, "rude")
    assert stores.registry.versions() == [moved]
    row = list(stores.audit.rows())[-1]
    assert (row.actor, row.action, row.subject) == ("bob", "version.quarantined", V1)
    assert row.payload == {"from": "registered", "to": "quarantined", "reason": "rude"}


def test_an_illegal_move_is_a_conflict(stores: Stores) -> None:
    """What the transitions forbid is refused, and an unknown version is not found."""
    stores.registry.add(version(V1, "v1"), actor="ann")
    with pytest.raises(Conflict, match="cannot become retired"):
        stores.registry.move(V1, VersionState.RETIRED, actor="ann", reason="", at=NOW)
    with pytest.raises(NotFound, match=V2):
        stores.registry.move(V2, VersionState.RETIRED, actor="ann", reason="", at=NOW)


def test_the_first_fingerprint_stays(stores: Stores) -> None:
    """A fingerprint is stored once per engine, to the last bit; the base model has one too."""
    first = Fingerprint(
        prompts=("a", "b"), tokens=((1, 2), (3,)), logprobs=((-0.1, -0.2 - 0.1), (-1e-9,))
    )
    other = Fingerprint(prompts=("a", "b"), tokens=((9,),), logprobs=((-1.0,),))
    assert stores.registry.fingerprint(V1, "local") is None
    assert stores.registry.fingerprint(V1, "local", first) == first
    assert stores.registry.fingerprint(V1, "local", other) == first
    assert stores.registry.fingerprint(V1, "vllm", other) == other
    assert stores.registry.fingerprint(None, "local", other) == other


@pytest.mark.parametrize("start", list(VersionState))
def test_the_database_knows_the_same_transitions(engine: Engine, start: VersionState) -> None:
    """Whatever writes a state past the code is held to the code's own table."""
    allowed = set()
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('backstop.actor', 'ann', true)"))
        for to in VersionState:
            _place(connection, start)
            if _is_taken(connection, "UPDATE adapters SET state = :to", to=to.value):
                allowed.add(to)
    assert allowed == TRANSITIONS[start] | {start}


def _place(connection: Connection, state: VersionState) -> None:
    """Leave one version in a state, as only the table's owner can."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text("DELETE FROM adapters"))
    connection.execute(
        text(
            "INSERT INTO adapters (name, family, label, state, reason, manifest, facts, created_at)"
            " VALUES (:name, 'support', 'v1', :state, 'a reason', '{}', '{}', now())"
        ),
        {"name": V1, "state": state.value},
    )
    connection.execute(text("SET LOCAL session_replication_role = origin"))


def _is_taken(connection: Connection, statement: str, **values: str) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(text(statement), values)
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize("actor", ["", "backstop"])
def test_the_database_lets_only_a_person_release(engine: Engine, actor: str) -> None:
    """The service's own name is none, and an act without an actor is nobody's."""
    release = "UPDATE adapters SET state = 'verified', reason = :reason"
    with engine.begin() as connection:
        _place(connection, VersionState.QUARANTINED)
        connection.execute(text("SELECT set_config('backstop.actor', :who, true)"), {"who": actor})
        assert not _is_taken(connection, release, reason="it seems fine")
        connection.execute(text("SELECT set_config('backstop.actor', 'ann', true)"))
        assert not _is_taken(connection, release, reason=" ")
        assert _is_taken(connection, release, reason="a false alarm")


@pytest.mark.parametrize(
    "change", ["name = 'support@000000000000'", "manifest = '{\"a\": 1}'", "family = 'sales'"]
)
def test_the_database_keeps_what_a_name_stands_for(engine: Engine, change: str) -> None:
    """A version's content never changes under its name."""
    with engine.begin() as connection:
        _place(connection, VersionState.VERIFIED)
        assert not _is_taken(connection, f"UPDATE adapters SET {change}")


def test_a_version_begins_as_registered(stores: Stores) -> None:
    """None is born verified: that would go past the proof on the engine."""
    born_verified = replace(version(V1, "v1"), state=VersionState.VERIFIED)
    with pytest.raises(Conflict, match="must begin as registered"):
        stores.registry.add(born_verified, actor="ann")


def test_a_release_by_the_service_is_a_conflict(stores: Stores) -> None:
    """Nothing leaves quarantine by itself."""
    stores.registry.add(version(V1, "v1"), actor="ann")
    stores.registry.move(V1, VersionState.QUARANTINED, actor="backstop", reason="harm", at=NOW)
    with pytest.raises(Conflict, match="only a person may release it"):
        stores.registry.move(V1, VersionState.REGISTERED, actor="backstop", reason="ok", at=NOW)
    released = stores.registry.move(
        V1, VersionState.REGISTERED, actor="ann", reason="a false alarm", at=NOW
    )
    assert released.state is VersionState.REGISTERED
