"""Keep beside the drift how much the prompts have changed, and how many answers did not count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ADDED = {"traffic": sa.Double, "capped": sa.BigInteger}


def upgrade() -> None:
    """Apply."""
    for name, kind in _ADDED.items():
        column = sa.Column(name, kind(), server_default="0", nullable=False)
        op.add_column("evidence_points", column)
        op.alter_column("evidence_points", name, server_default=None)


def downgrade() -> None:
    """Take back."""
    for name in _ADDED:
        op.drop_column("evidence_points", name)
