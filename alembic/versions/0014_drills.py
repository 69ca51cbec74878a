"""Keep drills: what was spoilt on purpose, and what caught it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "drills",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("deployment", sa.Text, sa.ForeignKey("deployments.name"), nullable=False),
        sa.Column("version", sa.Text, sa.ForeignKey("adapters.name"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=False),
        sa.Column("found", JSONB, nullable=False),
    )
    op.create_index("ix_drills_deployment_started_at", "drills", ["deployment", "started_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("drills")
