"""Tables of versions, pointers and incidents, of work to do, and of what was done."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

from monitor.storage.schema.base import MOMENT, metadata
from monitor.storage.values import ExactJson

adapters = Table(
    "adapters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("family", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parent", Text),
    Column("manifest", JSONB, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("created_at", MOMENT, nullable=False),
)
Index(
    "uq_adapters_family_label",
    adapters.c.family,
    adapters.c.label,
    unique=True,
    postgresql_where=adapters.c.label != "",
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("version", Text, primary_key=True),
    Column("engine", Text, primary_key=True),
    Column("prompts", ExactJson, nullable=False),
    Column("tokens", ExactJson, nullable=False),
    Column("logprobs", ExactJson, nullable=False),
)

deployments = Table(
    "deployments",
    metadata,
    Column("name", Text, primary_key=True),
    Column("active", Text, ForeignKey("adapters.name")),
    Column("baseline", Text, ForeignKey("adapters.name")),
    Column("epoch", BigInteger, nullable=False),
    Column("promoted_at", MOMENT),
    Column("frozen", Text),
    Column("confirmed", Boolean, nullable=False),
    Column("candidate", Text, ForeignKey("adapters.name")),
    Column("candidate_share", Double, nullable=False),
    Column("shadow_rate", Double, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("canary", Text),  # the one that runs
    Column("pinned", Text),
)

canaries = Table(
    "canaries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deployment", Text, ForeignKey("deployments.name"), nullable=False),
    Column("candidate", Text, ForeignKey("adapters.name"), nullable=False),
    Column("against", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("policy", JSONB, nullable=False),
    Column("compared", ExactJson, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("step", Integer, nullable=False),
    Column("step_started_at", MOMENT, nullable=False),
    Column("step_callers", BigInteger, nullable=False),
    Column("outcome", Text),
    Column("ended_at", MOMENT),
    Index(None, "deployment", "started_at"),
)

canary_callers = Table(
    "canary_callers",
    metadata,
    Column("canary", Text, ForeignKey("canaries.id", ondelete="CASCADE"), primary_key=True),
    Column("caller", Text, primary_key=True),  # hashed with the canary's id as salt
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deployment", Text, ForeignKey("deployments.name"), nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("phase", Text, nullable=False),
    Column("from_version", Text),
    Column("to_version", Text),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("promoted_at", MOMENT),
    Column("suspected_at", MOMENT),
    Column("decided_at", MOMENT),
    Column("flipped_at", MOMENT),
    Column("converged_at", MOMENT),
    Column("proved_at", MOMENT),
    Column("exposure", BigInteger),
    Index(None, "deployment", "opened_at"),
)

rollbacks = Table(
    "rollbacks",
    metadata,
    Column("deployment", Text, ForeignKey("deployments.name"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),  # of the flip: one rollback is one row
    Column("incident", Text, ForeignKey("incidents.id")),
    Column("from_version", Text),
    Column("to_version", Text),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
)

replicas = Table(
    "replicas",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seen_at", MOMENT, nullable=False),
    Column("epochs", JSONB, nullable=False),  # deployment → epoch that it routes by
)

scheduled_runs = Table(
    "scheduled_runs",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", MOMENT, primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("worker", Text),
    Column("leased_until", MOMENT),
    Column("finished_at", MOMENT),
    Column("error", Text),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("not_before", MOMENT),  # held back so long; NULL: due at once
    Column("addressed", Boolean, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("notice", Text, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("due_at", MOMENT),  # NULL: there is nothing more to do
    Column("sent_at", MOMENT),
    Column("error", Text),
    Column("opened_at", MOMENT, nullable=False),
    Column("started_at", MOMENT),  # of the first attempt: from then on nothing joins
    Column("topic", Text, nullable=False),
    Column("likeness", Text, nullable=False),
    Column("joined", Text),  # the notice whose message to this receiver speaks for this one
    Column("repeats", Text),  # the notice that told the same to this receiver before
    Column("escalated_from", Text),  # the receiver that could not be reached
    Index(
        "deliveries_open",
        "receiver",
        "due_at",
        postgresql_where=text("sent_at IS NULL AND joined IS NULL AND repeats IS NULL"),
    ),
    Index("deliveries_topic", "receiver", "topic", "opened_at"),
    Index("deliveries_likeness", "receiver", "likeness", "opened_at"),
    Index("deliveries_joined", "receiver", "joined", postgresql_where=text("joined IS NOT NULL")),
    Index("deliveries_opened", "opened_at"),
)

receivers = Table(
    "receivers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_at", MOMENT),  # not before: the channel's pace, or what it asked for
    Column("disabled_at", MOMENT),
    Column("error", Text),
)

alarms = Table(
    "alarms",
    metadata,
    Column("watch", Text, primary_key=True),
    Column("condition", Text, primary_key=True),
    Column("notice", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("deployment", Text),
    Column("opened_at", MOMENT, nullable=False),
    Column("calm_since", MOMENT),  # NULL while the condition holds
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", JSON, nullable=False),  # json keeps the very text that was hashed
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("previous"),  # a chain, not a tree
)
