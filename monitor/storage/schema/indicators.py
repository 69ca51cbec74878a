"""Tables of indicators: what answers add up to, and what was read beside them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Identity, LargeBinary, Table, Text

from monitor.storage.schema.base import MOMENT, metadata
from rollback.indicators.totals import NUMBERS, SKETCHES, Totals

_NOTHING = Totals()

# One row for each batch of answers that no bucket knows yet; who adds them up takes it away, in one
# transaction. `first` and `last` are when its answers began: they say which partitions to look into.
rollup_queue = Table(
    "rollup_queue",
    metadata,
    Column("batch", BigInteger, Identity(), primary_key=True),
    Column("first", MOMENT, primary_key=True),
    Column("last", MOMENT, nullable=False),
    Column("count", BigInteger, nullable=False),
)

rollups = Table(
    "rollups",
    metadata,
    Column("step", Text, primary_key=True),  # see `rollback.indicators.steps`
    Column("deployment", Text, primary_key=True),
    Column("bucket", MOMENT, primary_key=True),
    Column("adapter", Text, primary_key=True),
    Column("slice", Text, primary_key=True),
    *(
        Column(
            name,
            BigInteger if isinstance(getattr(_NOTHING, name), int) else Double,
            nullable=False,
        )
        for name in NUMBERS
    ),
    *(Column(name, LargeBinary, nullable=False) for name in SKETCHES),
)

rollup_positions = Table(
    "rollup_positions",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),  # of the last evidence point in `levels`
)

indicator_slices = Table(
    "indicator_slices",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("slice", Text, primary_key=True),
)

levels = Table(
    "levels",
    metadata,
    Column("step", Text, primary_key=True),
    Column("deployment", Text, primary_key=True),
    Column("bucket", MOMENT, primary_key=True),
    Column("adapter", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("latest", Double, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("least", Double, nullable=False),
    Column("most", Double, nullable=False),
    Column("count", BigInteger, nullable=False),
)
