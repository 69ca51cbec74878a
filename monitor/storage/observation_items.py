"""What judges must know of the answers of a batch, as one compact value.

Numbers stand in columns; who answered and the names of the channels, which repeat, stand once.
Scores are kept to the last bit, so that a replay comes to the same evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain

import msgspec
import numpy as np

from monitor.ports.record import Observed
from monitor.storage import values
from rollback.dealing import Dealt
from rollback.observation import Observation

_SCORE = np.dtype("<f8")


class _Source(msgspec.Struct, frozen=True, array_like=True):
    """What the answers of a version have in common; `channels` in the order of their scores."""

    deployment: str
    adapter: str | None
    epoch: int
    own_reference: bool
    channels: tuple[str, ...]


class _Items(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="observed-1"):
    """Columns of equal length, but for `scores`, which holds those of all answers in a row."""

    sources: list[_Source]
    source: list[int]  # position in `sources`
    ids: list[str]
    at: list[datetime]
    faults: list[bool]
    pairs: list[float | None]
    scores: bytes
    # Empty in what was packed before there were any.
    grades: list[float | None] = []
    words: list[bytes | None] = []
    categories: list[int | None] = []
    prompt_distances: list[float | None] = []
    callers: list[str | None] = []
    beside: list[bool] = []
    dealt: list[tuple[str, str, float] | None] = []
    worths: list[float | None] = []


_DECODER = msgspec.msgpack.Decoder(_Items)


def pack(observed: Sequence[Observed]) -> bytes:
    """Return observations as bytes."""
    observations = [each.observation for each in observed]
    all_scores = [each.scores for each in observations]
    sources, source = _sources(observed, all_scores)
    scores = chain.from_iterable([each.values() for each in all_scores])
    return msgspec.msgpack.encode(
        _Items(
            sources=sources,
            source=source,
            ids=values.texts([each.exchange_id for each in observations]),
            at=[each.at for each in observations],
            faults=[each.fault for each in observations],
            pairs=[each.pair for each in observations],
            scores=np.fromiter(scores, dtype=_SCORE, count=sum(map(len, all_scores))).tobytes(),
            grades=[each.grade for each in observations],
            words=[each.words for each in observations],
            categories=[each.category for each in observations],
            prompt_distances=[each.prompt_distance for each in observations],
            callers=[each.caller for each in observations],
            beside=[each.beside for each in observations],
            dealt=[_dealing(each.dealt) for each in observations],
            worths=[each.worth for each in observations],
        )
    )


def _sources(
    observed: Sequence[Observed], scores: Sequence[Mapping[str, float]]
) -> tuple[list[_Source], list[int]]:
    """Return what answers have in common, and for each answer which of these."""
    numbers: dict[tuple[object, ...], int] = {}
    sources: list[_Source] = []
    source: list[int] = []
    for each, channels in zip(observed, map(tuple, scores), strict=True):
        same = (each.deployment, each.adapter, each.epoch, each.own_reference, channels)
        number = numbers.get(same)
        if number is None:
            number = numbers[same] = len(sources)
            sources.append(_source(each, channels))
        source.append(number)
    return sources, source


def unpack(packed: bytes) -> tuple[Observed, ...]:
    """Return the observations as they were packed."""
    return tuple(_rows(_DECODER.decode(packed)))


def only(packed: bytes, ids: Sequence[str]) -> bytes:
    """Return the observations of these answers, packed; an id that stands once counts once."""
    wanted = Counter(ids)
    kept = []
    for each in unpack(packed):
        if wanted[each.observation.exchange_id]:
            wanted[each.observation.exchange_id] -= 1
            kept.append(each)
    return pack(kept)


def _source(observed: Observed, channels: tuple[str, ...]) -> _Source:
    return _Source(
        values.text(observed.deployment),
        values.optional_text(observed.adapter),
        observed.epoch,
        observed.own_reference,
        channels,
    )


def _rows(items: _Items) -> Iterator[Observed]:
    scores = np.frombuffer(items.scores, dtype=_SCORE).tolist()
    start = 0
    unknown = [None] * len(items.ids)
    columns = zip(
        items.source,
        items.ids,
        items.at,
        items.faults,
        items.pairs,
        items.grades or unknown,
        items.words or unknown,
        items.categories or unknown,
        items.prompt_distances or unknown,
        items.callers or unknown,
        items.beside or [False] * len(items.ids),
        items.dealt or unknown,
        items.worths or unknown,
        strict=True,
    )
    for number, exchange_id, at, fault, pair, grade, text, category, distance, *rest in columns:
        caller, beside, dealt, worth = rest
        source = items.sources[number]
        end = start + len(source.channels)
        yield Observed(
            deployment=source.deployment,
            adapter=source.adapter,
            epoch=source.epoch,
            own_reference=source.own_reference,
            observation=Observation(
                exchange_id=exchange_id,
                at=at.astimezone(UTC),
                scores=dict(zip(source.channels, scores[start:end], strict=True)),
                fault=fault,
                pair=pair,
                grade=grade,
                words=text,
                category=category,
                prompt_distance=distance,
                caller=caller,
                beside=beside,
                dealt=None if dealt is None else Dealt(*dealt),
                worth=worth,
            ),
        )
        start = end


def _dealing(dealt: Dealt | None) -> tuple[str, str, float] | None:
    return None if dealt is None else (values.text(dealt.canary), dealt.caller, dealt.share)
