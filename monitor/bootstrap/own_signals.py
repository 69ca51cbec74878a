"""The operator's own signals: found by their entry points, checked, and put behind a shield."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import Any

import structlog

from guards.signals import catalogue
from guards.signals.shielded import shielded
from guards.signals.signal import Signal, Tail
from monitor.errors import ConfigError

log = structlog.get_logger(__name__)

GROUP = "backstop.signals"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSignal:
    """A signal and the distribution that brings it."""

    signal: Signal
    origin: str


class Failures:
    """Counts what own signals got wrong, and tells of each signal once."""

    def __init__(self, names: Iterable[str]) -> None:
        self._counts = dict.fromkeys(names, 0)

    @property
    def names(self) -> tuple[str, ...]:
        """The own signals that there are."""
        return tuple(self._counts)

    def count(self, name: str) -> int:
        """Return how many values of one signal had to be left out."""
        return self._counts[name]

    def report(self, name: str, complaint: str, values: int) -> None:
        """Take note of values that a signal got wrong."""
        if not self._counts[name]:
            log.error("an own signal fails; its values are left out", signal=name, why=complaint)
        self._counts[name] += values


def install() -> Failures:
    """Let the operator's signals be computed in this process. Raises `ConfigError`."""
    found = load()
    failures = Failures(own.signal.name for own in found)
    catalogue.install([shielded(own.signal, failures.report) for own in found])
    return failures


def load() -> tuple[OwnSignal, ...]:
    """Return the signals of all installed distributions, by their names.

    Raises:
        ConfigError: if an entry point cannot be loaded, gives something else than signals, or a
            name that is taken; the sentence names the distribution.
    """
    origins = {signal.name: "Backstop" for signal in catalogue.CATALOGUE}
    found = []
    for point in metadata.entry_points(group=GROUP):
        for own in _loaded(point):
            name = own.signal.name
            if name in origins:
                raise ConfigError(
                    f"{own.origin} brings a signal {name!r}, and {origins[name]} has one of that "
                    "name already: rename it"
                )
            origins[name] = own.origin
            found.append(own)
    return tuple(sorted(found, key=lambda own: own.signal.name))


def _loaded(point: EntryPoint) -> Iterator[OwnSignal]:
    origin = point.dist.name if point.dist else point.value
    where = f"{origin}: entry point {point.name!r} of {GROUP}"
    try:
        given = point.load()
        each = [given] if isinstance(given, Signal) else list(given)
    except Exception as error:  # whatever somebody else's module does when it is imported
        raise ConfigError(f"{where} cannot be used: {type(error).__name__}: {error}") from error
    for signal in each:
        _check(signal, where)
        yield OwnSignal(signal=signal, origin=origin)


def _check(signal: Any, where: str) -> None:
    if not isinstance(signal, Signal):
        raise ConfigError(
            f"{where} gives {type(signal).__name__}: it must be a guards.signals.signal.Signal, or "
            "an iterable of them"
        )
    if not isinstance(signal.name, str) or not signal.name.isidentifier():
        raise ConfigError(f"{where}: {signal.name!r} is no name: use letters, digits and _")
    if not isinstance(signal.tail, Tail) or not callable(signal.compute):
        raise ConfigError(f"{where}: {signal.name} needs a Tail and a function as its compute")
    if not signal.low <= signal.high:
        raise ConfigError(f"{where}: the range of {signal.name} has its ends the wrong way round")
