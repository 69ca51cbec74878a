"""Keep how alerts are grouped, paced and escalated, which receivers are out of use, and conditions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_NEW = ("started_at", "joined", "repeats", "escalated_from", "opened_at", "topic", "likeness")


def upgrade() -> None:
    """Apply."""
    op.add_column("deliveries", sa.Column("opened_at", _MOMENT))
    op.add_column("deliveries", sa.Column("started_at", _MOMENT))
    for name in ("topic", "likeness"):
        op.add_column(
            "deliveries", sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''"))
        )
        op.alter_column("deliveries", name, server_default=None)
    for name in ("joined", "repeats", "escalated_from"):
        op.add_column("deliveries", sa.Column(name, sa.Text))
    op.execute(
        "UPDATE deliveries SET opened_at = outbox.created_at,"
        " started_at = CASE WHEN attempt > 0 THEN outbox.created_at END"
        " FROM outbox WHERE outbox.id = deliveries.notice"
    )
    op.alter_column("deliveries", "opened_at", nullable=False)
    op.create_index(
        "deliveries_open",
        "deliveries",
        ["receiver", "due_at"],
        postgresql_where=sa.text("sent_at IS NULL AND joined IS NULL AND repeats IS NULL"),
    )
    op.create_index("deliveries_topic", "deliveries", ["receiver", "topic", "opened_at"])
    op.create_index("deliveries_likeness", "deliveries", ["receiver", "likeness", "opened_at"])
    op.create_index(
        "deliveries_joined",
        "deliveries",
        ["receiver", "joined"],
        postgresql_where=sa.text("joined IS NOT NULL"),
    )
    op.create_index("deliveries_opened", "deliveries", ["opened_at"])
    _tables()


def downgrade() -> None:
    """Take back."""
    op.drop_table("alarms")
    op.drop_table("receivers")
    for name in ("open", "topic", "likeness", "joined", "opened"):
        op.drop_index(f"deliveries_{name}", "deliveries")
    for name in _NEW:
        op.drop_column("deliveries", name)


def _tables() -> None:
    op.create_table(
        "receivers",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("next_at", _MOMENT),
        sa.Column("disabled_at", _MOMENT),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "alarms",
        sa.Column("watch", sa.Text, primary_key=True),
        sa.Column("condition", sa.Text, primary_key=True),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("calm_since", _MOMENT),
    )
