"""Index the evidence so that a curve costs the same however many answers are behind it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OVER = {
    "ix_evidence_points_harm": "evidence >= line",
    "ix_evidence_points_suspicion": "suspicion >= suspicion_line",
}


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_evidence_points_deployment_at", "evidence_points")
    op.create_index(
        "ix_evidence_points_time", "evidence_points", ["deployment", "epoch", "at", "position"]
    )
    for name, over in _OVER.items():
        columns = ["deployment", "epoch", "position"]
        op.create_index(name, "evidence_points", columns, postgresql_where=sa.text(over))


def downgrade() -> None:
    """Take back."""
    for name in _OVER:
        op.drop_index(name, "evidence_points")
    op.drop_index("ix_evidence_points_time", "evidence_points")
    op.create_index("ix_evidence_points_deployment_at", "evidence_points", ["deployment", "at"])
