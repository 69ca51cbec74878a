"""Tables of what was decided, and of what waits for a person."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from monitor.storage.schema.base import MOMENT, metadata
from monitor.storage.values import ExactJson

decisions = Table(
    "decisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deployment", Text, ForeignKey("deployments.name"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("decision", ExactJson, nullable=False),
    Column("inputs", ExactJson, nullable=False),  # all that gives the same decision again
    Index(None, "deployment", "at"),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deployment", Text, ForeignKey("deployments.name"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("version", Text, ForeignKey("adapters.name")),
    Column("reason", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_at", MOMENT),
    Column("answered_by", Text),
    Column("answer_reason", Text, nullable=False),
    Column("needed", Integer, nullable=False, server_default="1"),
    Column("approved_by", ARRAY(Text), nullable=False, server_default="{}"),
    Index(None, "deployment", "made_at"),
)
