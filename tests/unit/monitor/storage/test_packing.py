"""Packed rows are what psycopg's own binary dumpers make of the same values."""

from __future__ import annotations

import struct
from datetime import UTC
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format
from psycopg.types.numeric import Float8, Int4, Int8

from guards.assessment import Scored
from guards.exchange import Exchange, FinishReason, Message
from guards.verdicts import Verdict
from monitor.storage import binary_fields, packing, values

SETTINGS = settings(max_examples=50, deadline=None)
TEXT = st.text(st.characters(exclude_categories=()), max_size=9)
NUMBER = st.floats()
COUNT = st.integers(-(2**70), 2**70)
MOMENT = st.datetimes(timezones=st.just(UTC))
MOST = 2**31 - 1
TEXTS_OID, REALS_OID, JSONB_OID = 1009, 1021, 3802

EXCHANGES = st.builds(
    Exchange,
    id=TEXT,
    deployment=TEXT,
    started_at=MOMENT,
    messages=st.builds(lambda said: (Message(role="user", content=said),), TEXT),
    output=TEXT,
    adapter=st.none() | TEXT,
    epoch=st.integers(0, 2**63 - 1),
    latency_s=st.none() | NUMBER,
    first_token_s=st.none() | NUMBER,
    prompt_tokens=st.none() | COUNT,
    output_tokens=st.none() | COUNT,
    finish_reason=st.none() | st.sampled_from(FinishReason),
    error=st.none() | TEXT,
    caller=st.none() | TEXT,
    grade=st.none() | NUMBER,
    tags=st.dictionaries(TEXT, TEXT, max_size=2),
)
SCORED = st.builds(
    Scored,
    exchange=EXCHANGES,
    verdict=st.sampled_from(Verdict),
    signals=st.dictionaries(st.sampled_from(("length", "logprob_mean")) | TEXT, NUMBER, max_size=3),
    findings=st.lists(TEXT, max_size=2).map(tuple),
)


FLOATS = ("latency_s", "first_token_s", "grade")


def fields(content: bytes) -> list[dict[str, bytes | None]]:
    """Return the fields of packed rows by column."""
    at, rows = len(binary_fields.HEADER), []
    while content[at:] != binary_fields.TRAILER:
        (columns,) = struct.unpack_from(">h", content, at)
        at, row = at + 2, []
        for _ in range(columns):
            (length,) = struct.unpack_from(">i", content, at)
            at += 4
            row.append(content[at : at + length] if length >= 0 else None)
            at += max(length, 0)
        rows.append(dict(zip(packing.COLUMNS, row, strict=True)))
    return rows


def of_python(scored: Scored) -> dict[str, Any]:
    """Return a row's values as psycopg takes them."""
    told, reason = scored.exchange, scored.exchange.finish_reason
    likelihood = scored.signals.get("logprob_mean")
    found = {name: getattr(told, name) for name in FLOATS} | {"mean_logprob": likelihood}
    counts = {name: getattr(told, name) for name in ("prompt_tokens", "output_tokens")}
    names = ("deployment", "adapter", "error", "id", "caller", "prompt", "output")
    return {
        **{name: values.optional_text(getattr(told, name)) for name in names},
        **{name: None if each is None else Float8(each) for name, each in found.items()},
        **{name: None if each is None else kept(each) for name, each in counts.items()},
        "epoch": Int8(told.epoch),
        "verdict": scored.verdict.value,
        "finish_reason": None if reason is None else reason.value,
        "started_at": told.started_at,
    }


def kept(count: int) -> Int4:
    """Return a count as near as an integer column has it."""
    return Int4(max(-MOST, min(count, MOST)))


def dumped(row: dict[str, Any]) -> dict[str, bytes | None]:
    """Return values in binary, by psycopg."""
    found = Transformer().dump_sequence([*row.values()], [PyFormat.BINARY] * len(row))
    return dict(zip(row, (None if each is None else bytes(each) for each in found), strict=True))


@SETTINGS
@given(st.lists(SCORED, max_size=5))
def test_rows_are_what_psycopg_makes_of_them(batch: list[Scored]) -> None:
    """Also with unknown facts in some rows only, and with what Postgres refuses."""
    rows = fields(packing.pack(batch, None, keep_text=True).content)
    assert len(rows) == len(batch)
    for row, scored in zip(rows, batch, strict=True):
        expected = dumped(of_python(scored))
        assert {name: row[name] for name in expected} == expected


def loaded(row: dict[str, bytes | None], name: str, oid: int) -> Any:
    """Return a field as psycopg reads it."""
    return Transformer().get_loader(oid, Format.BINARY).load(row[name] or b"")


@SETTINGS
@given(st.lists(SCORED, max_size=5))
def test_arrays_and_tags_come_back(batch: list[Scored]) -> None:
    """psycopg reads the findings, the signals and the tags as they were."""
    rows = fields(packing.pack(batch, None, keep_text=True).content)
    for row, scored in zip(rows, batch, strict=True):
        assert loaded(row, "findings", TEXTS_OID) == [*map(values.text, scored.findings)]
        with np.errstate(over="ignore"):
            signals = np.array([*scored.signals.values()]).astype(np.float32)
        np.testing.assert_array_equal(loaded(row, "signals", REALS_OID), signals)
        assert loaded(row, "tags", JSONB_OID) == values.jsonable(scored.exchange.tags)


@SETTINGS
@given(st.lists(SCORED, min_size=1, max_size=5))
def test_a_row_does_not_depend_on_its_company(batch: list[Scored]) -> None:
    """Packed one by one, the rows are the same bytes, with the same days and sets."""
    together = packing.pack(batch, b"key", keep_text=False)
    alone = [packing.pack([each], b"key", keep_text=False) for each in batch]
    assert fields(together.content) == [row for each in alone for row in fields(each.content)]
    assert together.days == frozenset().union(*(each.days for each in alone))
    sets = {number: names for each in alone for number, names in each.signal_sets.items()}
    assert together.signal_sets == sets
