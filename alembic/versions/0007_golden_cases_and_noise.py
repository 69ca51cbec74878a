"""Keep golden cases' tools, context and limits, and how noisy a grade is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LISTS = ("tools", "context", "stop")


def upgrade() -> None:
    """Apply."""
    for name in _LISTS:
        empty = sa.text("'[]'")
        op.add_column("golden_cases", sa.Column(name, JSONB, nullable=False, server_default=empty))
    op.add_column("golden_cases", sa.Column("max_tokens", sa.Integer))
    op.add_column("golden_results", sa.Column("standard_error", sa.Double))


def downgrade() -> None:
    """Take back."""
    op.drop_column("golden_results", "standard_error")
    op.drop_column("golden_cases", "max_tokens")
    for name in _LISTS:
        op.drop_column("golden_cases", name)
