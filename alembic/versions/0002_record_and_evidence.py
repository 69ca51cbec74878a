"""Make the tables of answers, evidence and golden sets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _make_exchanges()
    _make_health()
    _make_evidence()
    _make_golden_set()
    _make_golden_runs()


def downgrade() -> None:
    """Take back."""
    for table in (
        "golden_results",
        "golden_runs",
        "golden_cases",
        "golden_sets",
        "references",
        "detector_states",
        "evidence_points",
        "indicators",
        "feedback",
        "hash_keys",
        "exchanges",
    ):
        op.drop_table(table)


def _make_exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("started_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("findings", ARRAY(sa.Text()), nullable=False),
        sa.Column("signals", JSONB(), nullable=False),
        sa.Column("latency_s", sa.Double()),
        sa.Column("first_token_s", sa.Double()),
        sa.Column("prompt_tokens", sa.Integer()),
        sa.Column("output_tokens", sa.Integer()),
        sa.Column("mean_logprob", sa.Double()),
        sa.Column("finish_reason", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("grade", sa.Double()),
        sa.Column("caller", sa.Text()),
        sa.Column("tags", JSONB(), nullable=False),
        sa.Column("prompt_hash", sa.LargeBinary(), nullable=False),
        sa.Column("prompt", sa.Text()),
        sa.Column("output", sa.Text()),
        sa.PrimaryKeyConstraint("id", "started_at", name="pk_exchanges"),
        postgresql_partition_by="RANGE (started_at)",
    )
    op.create_index("ix_exchanges_deployment_epoch", "exchanges", ["deployment", "epoch"])
    op.create_index("ix_exchanges_deployment_started_at", "exchanges", ["deployment", "started_at"])
    op.create_table(
        "hash_keys",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name="pk_hash_keys"),
    )
    op.execute("CREATE TABLE exchanges_default PARTITION OF exchanges DEFAULT")


def _make_health() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name="ck_feedback_score"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_exchange", "feedback", ["exchange"])
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


def _make_evidence() -> None:
    op.create_table(
        "evidence_points",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("adapter", sa.Text()),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("suspicion", sa.Double(), nullable=False),
        sa.Column("suspicion_line", sa.Double(), nullable=False),
        sa.Column("evidence", sa.Double(), nullable=False),
        sa.Column("line", sa.Double(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "epoch", "position", name="pk_evidence_points"),
    )
    op.create_index("ix_evidence_points_deployment_at", "evidence_points", ["deployment", "at"])
    op.create_table(
        "detector_states",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", name="pk_detector_states"),
    )
    op.create_table(
        "references",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "version", name="pk_references"),
    )


def _make_golden_set() -> None:
    op.create_table(
        "golden_sets",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("imported_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", name="pk_golden_sets"),
    )
    op.create_table(
        "golden_cases",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("set_digest", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("messages", JSONB(), nullable=False),
        sa.Column("expectation", JSONB(), nullable=False),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "set_digest", "id", name="pk_golden_cases"),
    )


def _make_golden_runs() -> None:
    op.create_table(
        "golden_runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("against", sa.Text()),
        sa.Column("compared", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("set_digest", sa.Text(), nullable=False),
        sa.Column("started_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", TIMESTAMP(timezone=True)),
        sa.Column("verdict", sa.Text()),
        sa.Column("summary", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_golden_runs"),
    )
    op.create_index(
        "ix_golden_runs_deployment_started_at", "golden_runs", ["deployment", "started_at"]
    )
    op.create_table(
        "golden_results",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("raw", sa.Double(), nullable=False),
        sa.Column("grade", sa.Double(), nullable=False),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(
            ["run"], ["golden_runs.id"], name="fk_golden_results_run", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "version", "case_id", name="pk_golden_results"),
    )
