"""What the command line does without a running service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.bootstrap import anchoring, database, tools
from monitor.config import Config, DeploymentConfig, LocalEngine
from monitor.config.audit import AuditConfig
from monitor.errors import ConfigError
from monitor.ports.stores import Stores
from monitor.reports import incident_export
from monitor.storage import revision
from monitor.storage.anchor_file import AnchorFile
from rollback.audit_anchors import Anchor
from tests.integration.storage.builders import (
    NOW,
    V1,
    V2,
    add_verified,
    promotion,
    rollback,
    version,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """A configuration over the test's own database, with an anchor file."""
    return Config(
        data_dir=tmp_path,
        database=SecretStr(database_url),
        engine=LocalEngine(model=tmp_path),
        deployments={"support": DeploymentConfig()},
        audit=AuditConfig(anchor_file=tmp_path / "anchors.jsonl"),
    )


@pytest.fixture
def story(stores: Stores) -> Stores:
    """V1 served, V2 was promoted and rolled back."""
    for name in ("support", "sales"):
        stores.deployments.ensure(name)
    for name, label in ((V1, "v1"), (V2, "v2")):
        add_verified(stores, version(name, label))
    stores.deployments.flip(promotion(V1, None, 0))
    stores.deployments.flip(promotion(V2, V1, 1))
    stores.deployments.flip(rollback(2))
    return stores


def test_what_served_is_told_with_who_changed_it_and_why(config: Config, story: Stores) -> None:
    """From the trail alone, as the flip wrote it."""
    found = tools.served(config, "support", NOW + timedelta(hours=1))
    assert (found["version"], found["actor"], found["action"]) == (V1, "backstop", "rollback")
    assert (found["reason"], found["evidence"]) == (
        "evidence 1200 is over 1000",
        {"evidence": "Infinity"},
    )
    assert tools.served(config, "support", NOW - timedelta(hours=1))["version"] is None


def test_rows_of_one_deployment_are_told_apart(config: Config, story: Stores) -> None:
    """Without a deployment every row is told."""
    assert len(list(tools.export_audit(config))) == 7
    own = list(tools.export_audit(config, "support"))
    assert [row["action"] for row in own] == [
        "deployment.promote",
        "deployment.promote",
        "deployment.rollback",
    ]
    assert list(tools.export_audit(config, "sales")) == []


def test_a_trail_without_an_anchor_says_what_would_not_show(config: Config, story: Stores) -> None:
    """It may be intact for all that."""
    found = tools.verify_audit(config)
    assert (found["intact"], found["rows"], found["anchors"]) == (True, 7, 0)
    assert "a cut end would not show" in found["sentence"]


def test_a_cut_trail_shows_against_the_anchor_file(
    config: Config, story: Stores, engine: Engine
) -> None:
    """So it does against an anchor that a person kept."""
    head = story.audit.newest(1)[0]
    anchor = Anchor(seq=head.seq, hash=head.hash, at=NOW)
    path = config.audit.anchor_file
    assert path is not None
    asyncio.run(AnchorFile(path).keep(anchor))
    assert tools.verify_audit(config)["intact"]
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM audit_log WHERE seq = 7"))
    for found in (tools.verify_audit(config), _without_file(config, anchor)):
        assert (found["tampering"], found["first_bad_row"]) == ("truncated", 7)


def _without_file(config: Config, anchor: Anchor) -> Mapping[str, Any]:
    return tools.verify_audit(config.model_copy(update={"audit": AuditConfig()}), [anchor])


def test_an_anchor_webhook_must_be_a_webhook(config: Config) -> None:
    """A chat cannot tell an auditor what it got."""
    audit = AuditConfig(anchor_webhook="auditors")
    with pytest.raises(ConfigError, match="'auditors' is no receiver of kind webhook"):
        anchoring.keepers(config.model_copy(update={"audit": audit}))


@pytest.mark.slow
def test_the_service_is_no_owner_of_its_embedded_database(config: Config, short_path: Path) -> None:
    """The owner makes the tables; the service's own connection is refused what it must not do."""
    embedded = config.model_copy(
        update={"data_dir": short_path / "owned", "database": SecretStr(database.EMBEDDED)}
    )
    with database.opened(embedded) as sql:
        database.bring_up_to_date(embedded, sql)
        revision.require_current(sql)
        with sql.connect() as connection:
            who = connection.execute(text("SELECT current_user, session_user")).one()
            owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'audit_log'"
            assert connection.execute(text(owner)).scalar_one() == "backstop"
        assert tuple(who) == ("backstop_service", "backstop_service")
    assert tools.upgrade(embedded) == revision.HEAD


def test_an_incident_is_exported_with_its_acts_and_the_proof(config: Config, story: Stores) -> None:
    """Versions, exposure and evidence are in it; every act's hash is its content's."""
    [incident] = story.incidents.list()
    [told] = tools.export_incidents(config, incident.id)
    assert told == {**tools.export_incidents(config, None)[0], "exported_at": told["exported_at"]}
    assert {each["name"] for each in told["versions"]} == {V1, V2}
    assert "deployment.rollback" in [act["action"] for act in told["acts"]]
    assert told["chain"]["intact"]
    written = incident_export.markdown(json.loads(json.dumps(told)))
    for act in told["acts"]:
        assert act["hash"] in written
    assert told["chain"]["head"] in written


def test_an_export_says_that_the_trail_is_broken(
    config: Config, story: Stores, engine: Engine
) -> None:
    """It is told all the same, with the first bad row."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE audit_log SET actor = 'nobody' WHERE seq = 3"))
    [told] = tools.export_incidents(config, None)
    assert (told["chain"]["intact"], told["chain"]["first_bad_row"]) == (False, 3)
    assert "row 3 was edited" in incident_export.markdown(told)
