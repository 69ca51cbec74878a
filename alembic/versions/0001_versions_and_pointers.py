"""Make the tables of versions, pointers, incidents, work and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON, JSONB, TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _make_versions()
    _make_pointers()
    _make_incidents()
    _make_work()
    _make_outbox()
    _make_audit_log()


def downgrade() -> None:
    """Take back."""
    for table in (
        "audit_log",
        "deliveries",
        "outbox",
        "leases",
        "scheduled_runs",
        "rollbacks",
        "incidents",
        "replicas",
        "deployments",
        "fingerprints",
        "adapters",
    ):
        op.drop_table(table)


def _make_versions() -> None:
    op.create_table(
        "adapters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("manifest", JSONB(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("created_at", TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_adapters"),
    )
    op.create_index(
        "uq_adapters_family_label",
        "adapters",
        ["family", "label"],
        unique=True,
        postgresql_where=sa.text("label != ''"),
    )
    op.create_table(
        "fingerprints",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("prompts", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Text(), nullable=False),
        sa.Column("logprobs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", "engine", name="pk_fingerprints"),
    )


def _make_pointers() -> None:
    op.create_table(
        "deployments",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Text()),
        sa.Column("baseline", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("promoted_at", TIMESTAMP(timezone=True)),
        sa.Column("frozen", sa.Text()),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["active"], ["adapters.name"], name="fk_deployments_active"),
        sa.ForeignKeyConstraint(["baseline"], ["adapters.name"], name="fk_deployments_baseline"),
        sa.PrimaryKeyConstraint("name", name="pk_deployments"),
    )
    op.create_table(
        "replicas",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("epochs", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_replicas"),
    )


def _make_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("opened_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("from_version", sa.Text()),
        sa.Column("to_version", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("evidence", JSONB(), nullable=False),
        sa.Column("promoted_at", TIMESTAMP(timezone=True)),
        sa.Column("suspected_at", TIMESTAMP(timezone=True)),
        sa.Column("decided_at", TIMESTAMP(timezone=True)),
        sa.Column("flipped_at", TIMESTAMP(timezone=True)),
        sa.Column("converged_at", TIMESTAMP(timezone=True)),
        sa.Column("proved_at", TIMESTAMP(timezone=True)),
        sa.Column("exposure", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployments.name"], name="fk_incidents_deployment"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_deployment_opened_at", "incidents", ["deployment", "opened_at"])
    op.create_table(
        "rollbacks",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("incident", sa.Text()),
        sa.Column("from_version", sa.Text()),
        sa.Column("to_version", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployments.name"], name="fk_rollbacks_deployment"
        ),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_rollbacks_incident"),
        sa.PrimaryKeyConstraint("deployment", "epoch", name="pk_rollbacks"),
    )


def _make_work() -> None:
    op.create_table(
        "scheduled_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("leased_until", TIMESTAMP(timezone=True)),
        sa.Column("finished_at", TIMESTAMP(timezone=True)),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("job", "slot", name="pk_scheduled_runs"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("created_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("not_before", TIMESTAMP(timezone=True)),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_table(
        "deliveries",
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", TIMESTAMP(timezone=True)),
        sa.Column("sent_at", TIMESTAMP(timezone=True)),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(
            ["notice"], ["outbox.id"], name="fk_deliveries_notice", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice", "receiver", name="pk_deliveries"),
    )


def _make_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", JSON(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_log"),
        sa.UniqueConstraint("previous", name="uq_audit_log_previous"),
    )
