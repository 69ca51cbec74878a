"""Keep decisions with all they were made by, proposals that wait for a person, and pins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("deployments", sa.Column("pinned", sa.Text))
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("deployment", sa.Text, sa.ForeignKey("deployments.name"), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
    )
    op.create_index("ix_decisions_deployment_at", "decisions", ["deployment", "at"])
    op.create_table(
        "proposals",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("deployment", sa.Text, sa.ForeignKey("deployments.name"), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("version", sa.Text, sa.ForeignKey("adapters.name")),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answered_at", _MOMENT),
        sa.Column("answered_by", sa.Text),
        sa.Column("answer_reason", sa.Text, nullable=False),
    )
    op.create_index("ix_proposals_deployment_made_at", "proposals", ["deployment", "made_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("proposals")
    op.drop_table("decisions")
    op.drop_column("deployments", "pinned")
