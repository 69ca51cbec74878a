"""Keep how far golden runs have come, so that they can be resumed, and what their answers cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RUN = ("status", "position", "set_size", "course", "occasion", "holder", "held_until")
_RESULT = ("prompt_tokens", "output_tokens", "token_logprobs")


def upgrade() -> None:
    """Apply. A run that an earlier release left without an end has broken off."""
    status = sa.Column("status", sa.Text, nullable=False, server_default=sa.text("'finished'"))
    op.add_column("golden_runs", status)
    for name in ("position", "set_size"):
        zero = sa.text("0")
        op.add_column(
            "golden_runs", sa.Column(name, sa.Integer, nullable=False, server_default=zero)
        )
    empty = sa.text("'{}'")
    op.add_column("golden_runs", sa.Column("course", JSONB, nullable=False, server_default=empty))
    op.add_column("golden_runs", sa.Column("occasion", sa.Text))
    op.add_column("golden_runs", sa.Column("holder", sa.Text))
    op.add_column("golden_runs", sa.Column("held_until", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE golden_runs SET verdict = 'error', finished_at = started_at, summary ="
        " jsonb_build_object('sentence', 'the run broke off: its process ended')"
        " WHERE verdict IS NULL"
    )
    _add_indexes()
    for name in ("prompt_tokens", "output_tokens"):
        op.add_column("golden_results", sa.Column(name, sa.Integer))
    op.add_column("golden_results", sa.Column("token_logprobs", ARRAY(sa.Double)))


def _add_indexes() -> None:
    op.create_index(
        "uq_golden_runs_occasion",
        "golden_runs",
        ["deployment", "occasion"],
        unique=True,
        postgresql_where=sa.text("occasion IS NOT NULL"),
    )
    op.create_index(
        "ix_golden_runs_running",
        "golden_runs",
        ["deployment"],
        postgresql_where=sa.text("status = 'running'"),
    )


def downgrade() -> None:
    """Take back."""
    for name in _RESULT:
        op.drop_column("golden_results", name)
    op.drop_index("ix_golden_runs_running", "golden_runs")
    op.drop_index("uq_golden_runs_occasion", "golden_runs")
    for name in _RUN:
        op.drop_column("golden_runs", name)
