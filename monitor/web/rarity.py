"""Why an answer was flagged: each of its signals beside the answers of the frozen reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from guards import channels
from guards.reference import Reference, UnreadableReference
from guards.signals import catalogue
from guards.signals.signal import Signal, Values
from monitor.ports.evidence import EvidenceStore
from monitor.ports.record import RecordedExchange

_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Rarity:
    """A signal of an answer.

    Args:
        name: of the signal; meaning, unit: in words.
        share: of the reference's answers that are at least as odd, in [0, 1]; `None` if the
            reference does not know.
        p: conformal p-value of the odder direction against the reference, the answer itself
            counted, so never 0: (odd ones + 1) / (of + 1). It is of one direction of one signal;
            over all of an answer's signals some are small by chance.
        of: how many answers the reference has values of.
    """

    name: str
    meaning: str
    unit: str
    value: float
    share: float | None
    of: int

    @property
    def p(self) -> float | None:
        """How likely an answer at least as odd is, if it is one of the reference's kind."""
        return None if self.share is None else (round(self.share * self.of) + 1) / (self.of + 1)


class References:
    """Frozen references, read once each: they never change."""

    def __init__(self, evidence: EvidenceStore) -> None:
        self._evidence = evidence
        self._read = lru_cache(maxsize=_KEPT)(self._load)

    def of(self, deployment: str, *versions: str | None) -> Reference | None:
        """Return the reference of the first of these versions that has one. Blocks."""
        for version in versions:
            try:
                return self._read(deployment, version)
            except LookupError:
                continue
        return None

    def _load(self, deployment: str, version: str | None) -> Reference:
        payload = self._evidence.reference(deployment, version)
        if payload is None:
            raise LookupError(version)
        try:
            return Reference.from_bytes(payload)
        except UnreadableReference as error:
            raise LookupError(version) from error


def rarities(answer: RecordedExchange, reference: Reference | None) -> list[Rarity]:
    """Return the signals of an answer, the rarest first."""
    usual = {} if reference is None else reference.channels
    known = {signal.name: signal for signal in catalogue.signals()}
    found = []
    for name, value in answer.signals.items():
        signal = known.get(name)
        share, of = _share(signal, value, usual)
        found.append(
            Rarity(
                name=name,
                meaning=signal.meaning if signal else name,
                unit=signal.unit if signal else "",
                value=value,
                share=share,
                of=of,
            )
        )
    return sorted(found, key=lambda each: (each.share is None, each.share, each.name))


def _share(
    signal: Signal | None, value: float, usual: Mapping[str, Values]
) -> tuple[float | None, int]:
    """Return the least share of the reference that is as odd, over the signal's directions."""
    shares = [
        (float((usual[channel.name] >= channel.sign * value).mean()), len(usual[channel.name]))
        for channel in (channels.of_signal(signal) if signal else ())
        if channel.name in usual
    ]
    return min(shares, default=(None, 0), key=lambda each: each[0])
