"""The table of drills."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from monitor.storage.schema.base import MOMENT, metadata

drills = Table(
    "drills",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deployment", Text, ForeignKey("deployments.name"), nullable=False),
    Column("version", Text, ForeignKey("adapters.name"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("finished_at", MOMENT, nullable=False),
    Column("found", JSONB, nullable=False),  # objective, what caught it, answers, seconds
    Index(None, "deployment", "started_at"),
)
