"""Let a proposal ask for the word of several people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("proposals", sa.Column("needed", sa.Integer, nullable=False, server_default="1"))
    op.add_column(
        "proposals",
        sa.Column("approved_by", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("proposals", "approved_by")
    op.drop_column("proposals", "needed")
