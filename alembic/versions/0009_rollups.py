"""Sum answers up as they are recorded, by minute, hour and day, and by slice of the traffic.

The minutes of before are made anew from the answers on record: those are queued hour by hour.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COUNTS = (
    *("served", "judged", "faults", "outliers", "errors", "cut", "timed", "prompts_counted"),
    *("counted", "with_logprob", "with_likely_wrong", "graded", "priced", "first_tokens"),
)
_SUMS = (
    *("latency_s", "prompt_tokens", "output_tokens", "speed_tokens", "speed_s", "logprob"),
    *("likely_wrong", "grade", "cost"),
)
_SKETCHES = ("latency", "first_token")
_QUEUE = """
INSERT INTO rollup_queue (batch, first, last, count)
OVERRIDING SYSTEM VALUE
SELECT 0, date_trunc('hour', started_at), date_trunc('hour', started_at) + interval '1 hour', count(*)
FROM exchanges GROUP BY 2
"""
# The curve of before stays where it is: months of it would be too much for one statement.
_BEGIN_HERE = """
INSERT INTO rollup_positions (deployment, epoch, position)
SELECT DISTINCT ON (deployment) deployment, epoch, position FROM evidence_points
ORDER BY deployment, epoch DESC, position DESC
"""


def upgrade() -> None:
    """Apply."""
    _make_tables()
    # The answers there are get the number 0 without being written anew.
    op.add_column(
        "exchanges", sa.Column("batch", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.alter_column(
        "exchanges", "batch", server_default=sa.text("current_setting('backstop.batch')::bigint")
    )
    op.create_index(
        "ix_exchanges_batch",
        "exchanges",
        ["batch"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": True},
    )
    op.execute(_QUEUE)
    op.execute(_BEGIN_HERE)
    op.drop_table("indicators")


def downgrade() -> None:
    """Take back; the minutes of before are gone."""
    op.create_table(
        "indicators",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("bucket", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "bucket", "adapter", "name", name="pk_indicators"),
    )
    op.drop_index("ix_exchanges_batch", "exchanges")
    op.drop_column("exchanges", "batch")
    for table in ("levels", "indicator_slices", "rollup_positions", "rollups", "rollup_queue"):
        op.drop_table(table)


def _make_tables() -> None:
    op.create_table(
        "rollup_queue",
        sa.Column("batch", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("first", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "first", name="pk_rollup_queue"),
    )
    op.create_table(
        "rollups",
        *_bucket("slice"),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.Double(), nullable=False) for name in _SUMS),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in _SKETCHES),
        _key("rollups", "slice"),
    )
    op.create_table(
        "rollup_positions",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", name="pk_rollup_positions"),
    )
    op.create_table(
        "indicator_slices",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "slice", name="pk_indicator_slices"),
    )
    op.create_table(
        "levels",
        *_bucket("name"),
        sa.Column("latest", sa.Double(), nullable=False),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("least", sa.Double(), nullable=False),
        sa.Column("most", sa.Double(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        _key("levels", "name"),
    )


def _bucket(last: str) -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("bucket", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column(last, sa.Text(), nullable=False),
    )


def _key(table: str, last: str) -> sa.PrimaryKeyConstraint:
    columns = ("step", "deployment", "bucket", "adapter", last)
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")
