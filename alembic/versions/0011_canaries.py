"""Keep canaries, and which of their callers have counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("deployments", sa.Column("canary", sa.Text))
    op.create_table(
        "canaries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("candidate", sa.Text, nullable=False),
        sa.Column("against", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("policy", JSONB, nullable=False),
        sa.Column("compared", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("step_started_at", _MOMENT, nullable=False),
        sa.Column("step_callers", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("ended_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_canaries"),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployments.name"], name="fk_canaries_deployment"
        ),
        sa.ForeignKeyConstraint(["candidate"], ["adapters.name"], name="fk_canaries_candidate"),
    )
    op.create_index("ix_canaries_deployment_started_at", "canaries", ["deployment", "started_at"])
    op.create_table(
        "canary_callers",
        sa.Column("canary", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("canary", "caller", name="pk_canary_callers"),
        sa.ForeignKeyConstraint(
            ["canary"], ["canaries.id"], name="fk_canary_callers_canary", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("canary_callers")
    op.drop_table("canaries")
    op.drop_column("deployments", "canary")
