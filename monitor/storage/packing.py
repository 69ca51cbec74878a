"""Answers as COPY BINARY rows, made on the scorer's hot path: column by column, not row by row.

What repeats in a batch (who answered, the verdict, the findings) is encoded once, and the numbers
of all answers at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, chain, pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from guards.assessment import Scored
from guards.exchange import Exchange, Message
from monitor.storage import binary_columns, values
from monitor.storage import binary_fields as binary

COLUMNS = (
    *("deployment", "adapter", "epoch", "verdict", "findings", "finish_reason", "error"),
    *("id", "started_at", "latency_s", "first_token_s", "prompt_tokens", "output_tokens"),
    *("mean_logprob", "grade", "caller", "tags", "prompt_hash", "prompt", "output"),
    *("signal_set", "signals"),
)
HASH_BYTES = 16
_ROW = binary.row(len(COLUMNS))
_DAY = 86_400_000_000  # microseconds
_FIRST_DAY = date(2000, 1, 1)
_encode = msgspec.json.Encoder().encode
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f4")])

SignalNames = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRows:
    """Rows of `exchanges`, ready for COPY BINARY into `COLUMNS`.

    Args:
        days: on which the answers began, in UTC.
        signal_sets: the names of the signals, in the order of their values, by `signal_set`.
    """

    content: bytes
    days: frozenset[date]
    signal_sets: Mapping[int, SignalNames]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SignalSet:
    """The fields `signal_set` and the beginning of `signals`; `size` bytes of elements follow."""

    number: int
    names: SignalNames
    head: bytes
    size: int


def pack(batch: Sequence[Scored], key: bytes | None, *, keep_text: bool) -> PackedRows:
    """Return the rows of answers.

    Args:
        key: of the prompts' hashes; without one there are none.
    """
    exchanges = [scored.exchange for scored in batch]
    signals = [scored.signals for scored in batch]
    started = binary_columns.moments([each.started_at for each in exchanges])
    sets = _signal_sets(signals)
    unkept = [binary.NULL] * len(batch)
    columns = (
        _heads(batch, exchanges),
        binary_columns.texts([each.id for each in exchanges]),
        _measures(exchanges, signals, started),
        binary_columns.texts([each.caller for each in exchanges]),
        _tags([each.tags for each in exchanges]),
        unkept if key is None else _prompt_hashes(exchanges, key),
        binary_columns.texts([each.prompt for each in exchanges]) if keep_text else unkept,
        binary_columns.texts([each.output for each in exchanges]) if keep_text else unkept,
        [each.head for each in sets],
        _elements(signals, sets),
    )
    rows = chain.from_iterable(zip(*columns, strict=True))
    return PackedRows(
        content=b"".join((binary.HEADER, *rows, binary.TRAILER)),
        days=_days(started),
        signal_sets={each.number: tuple(map(values.text, each.names)) for each in {*sets}},
    )


def _days(started: NDArray[np.int64]) -> frozenset[date]:
    days = np.unique(started // _DAY).tolist()
    return frozenset(_FIRST_DAY + timedelta(days=day) for day in days)


def _heads(batch: Sequence[Scored], exchanges: Sequence[Exchange]) -> list[bytes]:
    """Return the fields to `error`, which many answers of a batch share."""
    known: dict[object, bytes] = {}
    heads = []
    for scored, each in zip(batch, exchanges, strict=True):
        same = (
            *(each.deployment, each.adapter, each.epoch, id(each.finish_reason)),
            *(each.error, id(scored.verdict), scored.findings),
        )
        head = known.get(same)
        if head is None:
            head = known[same] = _head(scored)
        heads.append(head)
    return heads


def _head(scored: Scored) -> bytes:
    exchange = scored.exchange
    reason = exchange.finish_reason
    return b"".join(
        (
            _ROW,
            binary.text(exchange.deployment),
            binary.text(exchange.adapter),
            binary.int8(exchange.epoch),
            binary.text(scored.verdict.value),
            binary.text_array(scored.findings),
            binary.text(None if reason is None else reason.value),
            binary.text(exchange.error),
        )
    )


def _measures(
    exchanges: Sequence[Exchange],
    signals: Sequence[Mapping[str, float]],
    started: NDArray[np.int64],
) -> list[bytes]:
    """Return the fields from `started_at` to `grade`."""
    return binary_columns.numbers(
        (
            binary_columns.int8(started),
            binary_columns.float8([each.latency_s for each in exchanges]),
            binary_columns.float8([each.first_token_s for each in exchanges]),
            binary_columns.int4([each.prompt_tokens for each in exchanges]),
            binary_columns.int4([each.output_tokens for each in exchanges]),
            binary_columns.float8([each.get("logprob_mean") for each in signals]),
            binary_columns.float8([each.grade for each in exchanges]),
        )
    )


def _tags(column: Sequence[Mapping[str, str]]) -> list[bytes]:
    return [*map(binary.jsonb, map(_tags_json, column))]


def _tags_json(tags: Mapping[str, str]) -> bytes:
    try:
        content = _encode(tags)
    except UnicodeEncodeError:
        return values.dumps(tags).encode()
    return values.dumps(tags).encode() if b"\\u0000" in content else content


def prompt_hash(messages: Sequence[Message], key: bytes) -> bytes:
    """Return the keyed hash by which the same prompt is found again."""
    return _prompt_digest(hashlib.blake2b(key=key, digest_size=HASH_BYTES), messages)


def _prompt_hashes(exchanges: Sequence[Exchange], key: bytes) -> list[bytes]:
    hasher = hashlib.blake2b(key=key, digest_size=HASH_BYTES)
    digests = [_prompt_digest(hasher.copy(), exchange.messages) for exchange in exchanges]
    return binary_columns.fields(digests)


def _prompt_digest(hasher: hashlib.blake2b, messages: Sequence[Message]) -> bytes:
    said = ""
    for each in messages:
        said += f"{len(each.role)}:{each.role}{len(each.content)}:{each.content}"
    hasher.update(said.encode("utf-8", "surrogatepass"))
    return hasher.digest()


def _signal_sets(signals: Sequence[Mapping[str, float]]) -> list[_SignalSet]:
    """Return the set of each answer; the same object for the same names."""
    known: dict[SignalNames, _SignalSet] = {}
    sets = []
    for names in map(tuple, signals):
        found = known.get(names)
        if found is None:
            found = known[names] = _signal_set(names)
        sets.append(found)
    return sets


def _signal_set(names: SignalNames) -> _SignalSet:
    digest = hashlib.blake2b(json.dumps(names).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True)
    head = binary.int8(number) + binary.float4_array_head(len(names))
    return _SignalSet(number=number, names=names, head=head, size=_ELEMENT.itemsize * len(names))


def _elements(signals: Sequence[Mapping[str, float]], sets: Sequence[_SignalSet]) -> list[bytes]:
    """Return the elements of each answer's `signals`."""
    every = chain.from_iterable([each.values() for each in signals])
    elements = np.empty(sum(map(len, signals)), dtype=_ELEMENT)
    elements["length"] = _ELEMENT["value"].itemsize
    with np.errstate(over="ignore"):  # beyond a real's range is infinite
        elements["value"] = np.fromiter(every, dtype=np.float64, count=len(elements))
    content = elements.tobytes()
    ends = accumulate((each.size for each in sets), initial=0)
    return [content[start:end] for start, end in pairwise(ends)]
