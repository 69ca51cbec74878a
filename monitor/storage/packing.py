"""Answers as COPY BINARY rows, made on the scorer's hot path: few operations of Python for each.

What repeats in a batch (who answered, the verdict, the findings) is encoded once, and the signals
of all answers at once.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

import msgspec
import numpy as np

from guards.assessment import Scored
from guards.exchange import Exchange, Message
from monitor.storage import binary_fields as binary
from monitor.storage import values

COLUMNS = (
    *("deployment", "adapter", "epoch", "verdict", "findings", "finish_reason", "error"),
    *("id", "started_at", "latency_s", "first_token_s", "prompt_tokens", "output_tokens"),
    *("mean_logprob", "grade", "caller", "tags", "prompt_hash", "prompt", "output"),
    *("signal_set", "signals"),
)
HASH_BYTES = 16
_ROW = binary.row(len(COLUMNS))
_MEASURES = struct.Struct(">iqididiiii").pack  # each with its length
_NO_TAGS = binary.jsonb(b"{}")
_DAY = 86_400_000_000  # microseconds
_FIRST_DAY = date(2000, 1, 1)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignalSet:
    """The fields `signal_set` and the beginning of `signals`; `size` bytes of elements follow."""

    number: int
    head: bytes
    size: int


def pack(batch: Sequence[Scored], key: bytes | None, *, keep_text: bool) -> PackedRows:
    """Return the rows of answers.

    Args:
        key: of the prompts' hashes; without one there are none.
    """
    hasher = None if key is None else hashlib.blake2b(key=key, digest_size=HASH_BYTES)
    heads: dict[object, bytes] = {}
    sets: dict[SignalNames, _SignalSet] = {}
    days: set[int] = set()
    elements, at = _elements(batch), 0
    parts = [binary.HEADER]
    for scored in batch:
        exchange = scored.exchange
        signals = _signal_set(tuple(scored.signals), sets)
        started = binary.microseconds(exchange.started_at)
        days.add(started // _DAY)
        parts += (
            _head(scored, heads),
            binary.text(exchange.id),
            _measures(exchange, started),
            binary.float8(scored.signals.get("logprob_mean")),
            binary.float8(exchange.grade),
            binary.text(exchange.caller),
            _tags(exchange.tags) if exchange.tags else _NO_TAGS,
            binary.NULL if hasher is None else _prompt_hash(exchange.messages, hasher),
            binary.text(exchange.prompt) if keep_text else binary.NULL,
            binary.text(exchange.output) if keep_text else binary.NULL,
            signals.head,
            elements[at : at + signals.size],
        )
        at += signals.size
    parts.append(binary.TRAILER)
    return PackedRows(
        content=b"".join(parts),
        days=frozenset(_FIRST_DAY + timedelta(days=day) for day in days),
        signal_sets={found.number: tuple(map(values.text, names)) for names, found in sets.items()},
    )


def _elements(batch: Sequence[Scored]) -> bytes:
    every = chain.from_iterable(scored.signals.values() for scored in batch)
    with np.errstate(over="ignore"):  # beyond a real's range is infinite
        found = np.fromiter(every, dtype=np.float64)
        elements = np.empty(len(found), dtype=_ELEMENT)
        elements["length"] = 4
        elements["value"] = found
    return elements.tobytes()


def _measures(exchange: Exchange, started: int) -> bytes:
    """Return the fields from `started_at` to `output_tokens`; nearly all answers have them all."""
    try:
        return _MEASURES(
            *(8, started, 8, exchange.latency_s, 8, exchange.first_token_s),
            *(4, exchange.prompt_tokens, 4, exchange.output_tokens),
        )
    except struct.error:  # one is unknown, or too large
        return b"".join(
            (
                binary.timestamptz(started),
                binary.float8(exchange.latency_s),
                binary.float8(exchange.first_token_s),
                binary.int4(exchange.prompt_tokens),
                binary.int4(exchange.output_tokens),
            )
        )


def _head(scored: Scored, known: dict[object, bytes]) -> bytes:
    """Return the fields to `error`, which many answers of a batch share."""
    exchange = scored.exchange
    same = (
        *(exchange.deployment, exchange.adapter, exchange.epoch, exchange.finish_reason),
        *(exchange.error, scored.verdict, scored.findings),
    )
    head = known.get(same)
    if head is None:
        head = known[same] = _new_head(scored)
    return head


def _new_head(scored: Scored) -> bytes:
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


def _signal_set(names: SignalNames, known: dict[SignalNames, _SignalSet]) -> _SignalSet:
    found = known.get(names)
    if found is None:
        digest = hashlib.blake2b(json.dumps(names).encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "big", signed=True)
        head = binary.int8(number) + binary.float4_array_head(len(names))
        found = known[names] = _SignalSet(number=number, head=head, size=8 * len(names))
    return found


def _tags(tags: Mapping[str, str]) -> bytes:
    try:
        content = msgspec.json.encode(tags)
    except UnicodeEncodeError:
        content = values.dumps(tags).encode()
    if b"\\u0000" in content:
        content = values.dumps(tags).encode()
    return binary.jsonb(content)


def _prompt_hash(messages: Sequence[Message], hasher: hashlib.blake2b) -> bytes:
    digest = hasher.copy()
    said = "".join(
        f"{len(each.role)}:{each.role}{len(each.content)}:{each.content}" for each in messages
    )
    digest.update(said.encode("utf-8", "surrogatepass"))
    return binary.field(digest.digest())
