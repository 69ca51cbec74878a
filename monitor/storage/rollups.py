"""Totals of answers by step, bucket, adapter and slice: added to, and read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.engine import Connection, Row

from guards.quantiles import Quantiles
from monitor.storage.copying import copy_new
from monitor.storage.rollup_answers import Key
from monitor.storage.schema import indicator_slices, rollups
from rollback.indicators import totals as totals_of
from rollback.indicators.steps import Step
from rollback.indicators.totals import NUMBERS, SKETCHES, Totals

MOST_SLICES = 32  # of a deployment: callers may name slices, and must not make rows without number
OTHER_SLICES = "(other)"
_KEYS = ("deployment", "bucket", "adapter", "slice")
_COLUMNS = ("step", *_KEYS, *NUMBERS, *SKETCHES)
_REPLACE = sql.SQL("(step, {keys}) DO UPDATE SET ({names}) = ROW({new})").format(
    keys=sql.SQL(", ").join(map(sql.Identifier, _KEYS)),
    names=sql.SQL(", ").join(map(sql.Identifier, (*NUMBERS, *SKETCHES))),
    new=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in (*NUMBERS, *SKETCHES)),
)
_THERE = text("""
SELECT rollups.* FROM rollups
JOIN unnest(CAST(:deployments AS text[]), CAST(:buckets AS timestamptz[]),
            CAST(:adapters AS text[]), CAST(:slices AS text[]))
     AS touched (deployment, bucket, adapter, slice)
USING (deployment, bucket, adapter, slice)
WHERE step = :step
""")
_NEW_SLICE = text(
    "INSERT INTO indicator_slices VALUES (:deployment, :slice) ON CONFLICT DO NOTHING"
)


class Piece(NamedTuple):
    """A stretch of time [since, until) read in buckets of one step."""

    step: Step
    since: datetime
    until: datetime


def add(connection: Connection, minutes: Iterable[tuple[Key, Totals]]) -> int:
    """Add totals of minutes to their minutes, hours and days; return how many answers they are.

    Only one process may do so at a time.
    """
    parts = _with_few_slices(connection, list(minutes))
    for step in Step:
        parts = _together(parts, step)
        _write(connection, step, _added(connection, step, parts))
    return sum(each.served for _, each in parts)


def read(
    connection: Connection, deployment: str, piece: Piece, *, slice: str | None = None
) -> Sequence[tuple[Key, Totals]]:
    """Return the rows of a piece, by bucket, adapter and slice.

    Args:
        slice: only this one; `None` is every one.
    """
    found = rollups.c
    wanted = (
        select(rollups)
        .where(found.step == piece.step.value, found.deployment == deployment)
        .where(found.bucket >= piece.since, found.bucket < piece.until)
        .order_by(found.bucket, found.adapter, found.slice)
    )
    if slice is not None:
        wanted = wanted.where(found.slice == slice)
    return [(_key(row), _totals(row)) for row in connection.execute(wanted)]


def _with_few_slices(
    connection: Connection, minutes: Sequence[tuple[Key, Totals]]
) -> list[tuple[Key, Totals]]:
    """Put the answers of slices that came too late to have a row of their own together."""
    known: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(select(indicator_slices)):
        known[row.deployment].add(row.slice)
    parts = []
    for key, totals in minutes:
        named = known[key.deployment]
        if key.slice and key.slice not in named:
            if len(named) < MOST_SLICES:
                named.add(key.slice)
                connection.execute(_NEW_SLICE, {"deployment": key.deployment, "slice": key.slice})
            else:
                key = key._replace(slice=OTHER_SLICES)
        parts.append((key, totals))
    return parts


def _together(parts: Iterable[tuple[Key, Totals]], step: Step) -> list[tuple[Key, Totals]]:
    """Return the totals by bucket of a step, in the order of their keys."""
    buckets: dict[Key, list[Totals]] = defaultdict(list)
    for key, totals in parts:
        buckets[key._replace(bucket=step.start(key.bucket))].append(totals)
    keys = sorted(buckets)
    return list(zip(keys, totals_of.each_merged([buckets[key] for key in keys]), strict=True))


def _added(
    connection: Connection, step: Step, parts: Sequence[tuple[Key, Totals]]
) -> Iterable[tuple[Key, Totals]]:
    """Return the parts with what is stored for their keys."""
    touched = {f"{name}s": [getattr(key, name) for key, _ in parts] for name in _KEYS}
    found = connection.execute(_THERE, {"step": step.value, **touched})
    there = {_key(row): _totals(row) for row in found}
    both = [[there[key], totals] if key in there else [totals] for key, totals in parts]
    keys = [key for key, _ in parts]
    return list(zip(keys, totals_of.each_merged(both), strict=True))


def _write(connection: Connection, step: Step, rows: Iterable[tuple[Key, Totals]]) -> None:
    values = [
        (
            step.value,
            *(getattr(key, name) for name in _KEYS),
            *(getattr(totals, name) for name in NUMBERS),
            *(getattr(totals, name).write() for name in SKETCHES),
        )
        for key, totals in rows
    ]
    copy_new(connection, rollups, _COLUMNS, values, on_conflict=_REPLACE)


def _key(row: Row[Any]) -> Key:
    return Key(**{name: getattr(row, name) for name in _KEYS})


def _totals(row: Row[Any]) -> Totals:
    return Totals(
        **{name: getattr(row, name) for name in NUMBERS},
        latency=Quantiles.read(bytes(row.latency)),
        first_token=Quantiles.read(bytes(row.first_token)),
    )
