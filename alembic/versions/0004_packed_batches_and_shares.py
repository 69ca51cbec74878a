"""Pack signals, keep what judges read, give candidates a share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, TIMESTAMP

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAMES = "(SELECT array_agg(name ORDER BY name) FROM jsonb_object_keys(signals) AS name)"
# A set's number has only to be its own; those of new rows are made of the names in another way.
_STORE_SETS = f"""
INSERT INTO signal_sets
SELECT hashtextextended(names::text, 0), names
FROM (SELECT DISTINCT coalesce({_NAMES}, '{{}}') AS names FROM exchanges) AS found
"""
# What is beyond the range of a real is an error to Postgres: it becomes infinite or zero.
_PACK = f"""
UPDATE exchanges
SET signal_set = hashtextextended(coalesce({_NAMES}, '{{}}')::text, 0),
    packed = coalesce((
        SELECT array_agg(CASE WHEN abs(value) > 3.4e38 THEN sign(value) * 'Infinity'
                              WHEN abs(value) < 1.2e-38 THEN 0
                              ELSE value END::real ORDER BY name)
        FROM jsonb_object_keys(signals) AS name
        CROSS JOIN LATERAL (SELECT (signals ->> name)::double precision AS value) AS number
    ), '{{}}')
"""
_UNPACK = """
UPDATE exchanges
SET plain = coalesce((
    SELECT jsonb_object_agg(name, value)
    FROM signal_sets CROSS JOIN LATERAL unnest(names, signals) AS signal (name, value)
    WHERE signal_sets.id = signal_set
), '{}')
"""


def upgrade() -> None:
    """Apply."""
    _make_observations()
    _pack_signals()
    _order_by_time()
    _make_shares()


def downgrade() -> None:
    """Take back."""
    for column in ("candidate", "candidate_share", "shadow_rate", "revision"):
        op.drop_column("deployments", column)
    op.drop_index("ix_exchanges_id", "exchanges")
    op.drop_constraint("pk_exchanges", "exchanges")
    op.create_primary_key("pk_exchanges", "exchanges", ["id", "started_at"])
    op.create_index("ix_exchanges_deployment_started_at", "exchanges", ["deployment", "started_at"])
    _unpack_signals()
    for table in ("reference_drafts", "read_positions", "observations"):
        op.drop_table(table)


def _make_observations() -> None:
    op.create_table(
        "observations",
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("items", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("replica", "number", name="pk_observations"),
    )
    # Scores hardly compress, and trying to takes the writer's time.
    op.execute("ALTER TABLE observations ALTER COLUMN items SET STORAGE EXTERNAL")
    op.create_table(
        "read_positions",
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("replica", name="pk_read_positions"),
    )
    op.create_table(
        "reference_drafts",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "epoch", name="pk_reference_drafts"),
    )


def _pack_signals() -> None:
    op.create_table(
        "signal_sets",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("names", ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signal_sets"),
    )
    op.execute(_STORE_SETS)
    op.add_column("exchanges", sa.Column("signal_set", sa.BigInteger()))
    op.add_column("exchanges", sa.Column("packed", ARRAY(REAL())))
    op.execute(_PACK)
    op.drop_column("exchanges", "signals")
    op.alter_column("exchanges", "packed", new_column_name="signals", nullable=False)
    op.alter_column("exchanges", "signal_set", nullable=False)
    op.alter_column("exchanges", "prompt_hash", nullable=True)


def _unpack_signals() -> None:
    op.execute("UPDATE exchanges SET prompt_hash = '' WHERE prompt_hash IS NULL")
    op.alter_column("exchanges", "prompt_hash", nullable=False)
    op.add_column("exchanges", sa.Column("plain", JSONB()))
    op.execute(_UNPACK)
    op.drop_column("exchanges", "signals")
    op.drop_column("exchanges", "signal_set")
    op.alter_column("exchanges", "plain", new_column_name="signals", nullable=False)
    op.drop_table("signal_sets")


def _order_by_time() -> None:
    """Let new rows go to the key's end, and find ids by their hash."""
    op.drop_index("ix_exchanges_deployment_started_at", "exchanges")
    op.drop_constraint("pk_exchanges", "exchanges")
    op.create_primary_key("pk_exchanges", "exchanges", ["deployment", "started_at", "id"])
    op.create_index("ix_exchanges_id", "exchanges", ["id"], postgresql_using="hash")


def _make_shares() -> None:
    op.add_column("deployments", sa.Column("candidate", sa.Text()))
    op.create_foreign_key(
        "fk_deployments_candidate", "deployments", "adapters", ["candidate"], ["name"]
    )
    for name, kind in (
        ("candidate_share", sa.Double()),
        ("shadow_rate", sa.Double()),
        ("revision", sa.BigInteger()),
    ):
        op.add_column("deployments", sa.Column(name, kind, server_default="0", nullable=False))
        op.alter_column("deployments", name, server_default=None)
