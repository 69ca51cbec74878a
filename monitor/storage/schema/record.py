"""Tables of answers, of the evidence they gave, and of golden sets."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from monitor.storage.schema.base import MOMENT, metadata
from monitor.storage.values import ExactJson

# The key is in the order of time, so that rows are added at its end and not all over it; it also
# gives a deployment's newest answers, and the last minutes of all (PostgreSQL 18 skips from one
# deployment to the next). A hash index finds an answer by its id, at half the price of a
# tree. COPY takes 3.4 µs of a processor a row without an index, 9.0 with these, and 10.8 with a key by
# id. The signals are an array beside the names of their set: their set differs between deployments
# and grows with each version, and JSON would be parsed row by row.
exchanges = Table(
    "exchanges",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("started_at", MOMENT, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("adapter", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("findings", ARRAY(Text), nullable=False),
    Column("signal_set", BigInteger, nullable=False),
    Column("signals", ARRAY(REAL), nullable=False),  # in the order of the set's names
    Column("latency_s", Double),
    Column("first_token_s", Double),
    Column("prompt_tokens", Integer),
    Column("output_tokens", Integer),
    Column("mean_logprob", Double),
    Column("finish_reason", Text),
    Column("error", Text),
    Column("grade", Double),
    Column("caller", Text),
    Column("tags", JSONB, nullable=False),
    Column("prompt_hash", LargeBinary),  # NULL: its key was unknown, since Postgres was away
    Column("prompt", Text),
    Column("output", Text),
    # Of `rollup_queue`; who writes answers says it for the transaction, so that COPY need not.
    Column(
        "batch",
        BigInteger,
        nullable=False,
        server_default=text("current_setting('backstop.batch')::bigint"),
    ),
    Index(
        "ix_exchanges_batch",
        "batch",
        postgresql_using="brin",
        postgresql_with={"autosummarize": True},
    ),
    Index("ix_exchanges_id", "id", postgresql_using="hash"),
    Index(None, "deployment", "epoch"),
    postgresql_partition_by="RANGE (started_at)",
)

signal_sets = Table(
    "signal_sets",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # made of the names
    Column("names", ARRAY(Text), nullable=False),
)

observations = Table(
    "observations",
    metadata,
    Column("replica", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("count", Integer, nullable=False),
    Column("items", LargeBinary, nullable=False),  # see `observation_items`
)

read_positions = Table(
    "read_positions",
    metadata,
    Column("replica", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),  # of the last batch that judges have read
)

hash_keys = Table(
    "hash_keys",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("key", LargeBinary, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("exchange", Text, nullable=False, index=True),
    Column("score", Double, nullable=False),
    Column("comment", Text),
    Column("at", MOMENT, nullable=False),
    CheckConstraint("score BETWEEN 0 AND 1", name="score"),
)

evidence_points = Table(
    "evidence_points",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("adapter", Text),
    Column("at", MOMENT, nullable=False),
    Column("suspicion", Double, nullable=False),
    Column("suspicion_line", Double, nullable=False),
    Column("evidence", Double, nullable=False),
    Column("line", Double, nullable=False),
    Column("channels", ExactJson, nullable=False),
    Column("traffic", Double, nullable=False),
    Column("capped", BigInteger, nullable=False),
    Index("ix_evidence_points_time", "deployment", "epoch", "at", "position"),
    *(
        Index(
            f"ix_evidence_points_{name}",
            "deployment",
            "epoch",
            "position",
            postgresql_where=text(over),
        )
        for name, over in (
            ("harm", "evidence >= line"),
            ("suspicion", "suspicion >= suspicion_line"),
        )
    ),
)

detector_states = Table(
    "detector_states",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("state", ExactJson, nullable=False),
)

references = Table(
    "references",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", MOMENT, nullable=False),
)

reference_drafts = Table(
    "reference_drafts",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
)

golden_sets = Table(
    "golden_sets",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of the set in force
    Column("imported_at", MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
)

golden_cases = Table(
    "golden_cases",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("set_digest", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("messages", JSONB, nullable=False),
    Column("expectation", JSONB, nullable=False),
    Column("slice", Text, nullable=False),
    Column("weight", Double, nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("tools", JSONB, nullable=False, server_default=text("'[]'")),
    Column("context", JSONB, nullable=False, server_default=text("'[]'")),
    Column("stop", JSONB, nullable=False, server_default=text("'[]'")),
    Column("max_tokens", Integer),
)

golden_runs = Table(
    "golden_runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deployment", Text, nullable=False),
    Column("subject", Text),
    Column("against", Text),
    Column("compared", Boolean, nullable=False),
    Column("cause", Text, nullable=False),
    Column("set_digest", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("finished_at", MOMENT),
    Column("verdict", Text),
    Column("summary", JSONB, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'finished'")),
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("set_size", Integer, nullable=False, server_default=text("0")),
    Column("course", JSONB, nullable=False, server_default=text("'{}'")),
    Column("occasion", Text),
    Column("holder", Text),  # who goes on with it; nobody else may while the hold lasts
    Column("held_until", MOMENT),
    Index(None, "deployment", "started_at"),
)
Index(
    "uq_golden_runs_occasion",
    golden_runs.c.deployment,
    golden_runs.c.occasion,
    unique=True,
    postgresql_where=golden_runs.c.occasion.isnot(None),
)
Index(
    "ix_golden_runs_running",
    golden_runs.c.deployment,
    postgresql_where=golden_runs.c.status == "running",
)

golden_results = Table(
    "golden_results",
    metadata,
    Column("run", Text, ForeignKey("golden_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("output", Text, nullable=False),
    Column("raw", Double, nullable=False),
    Column("grade", Double, nullable=False),
    Column("standard_error", Double),  # of the grade, where it is a mean over repeats
    Column("latency_s", Double, nullable=False),
    Column("error", Text),
    Column("prompt_tokens", Integer),
    Column("output_tokens", Integer),
    Column("token_logprobs", ARRAY(Double)),  # only while the run lasts: what it learns from them
)
