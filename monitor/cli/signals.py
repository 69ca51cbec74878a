"""`backstop signals`: what is measured of every answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from monitor.cli.options import AsJson
from monitor.cli.output import show_json, show_table

if TYPE_CHECKING:
    from guards.signals.signal import PairSignal, Signal

_HOME = "backstop"


def signals(as_json: AsJson = False) -> None:
    """List the signals by family, the operator's own among them.

    Example: backstop signals --json
    """
    from guards.signals import catalogue
    from monitor.bootstrap import own_signals

    own = own_signals.load()
    rows = [_of_exchange(signal, _HOME) for signal in catalogue.CATALOGUE]
    rows += [_of_pair(signal, _HOME) for signal in catalogue.PAIRS]
    rows += [_of_exchange(each.signal, each.origin) for each in own]
    if as_json:
        show_json(rows)
        return
    families = list(dict.fromkeys(row["family"] for row in rows))
    for family in families:
        show_table(
            family,
            ("name", "unit", "range", "meaning", "odd", "drift", "from"),
            (_cells(row) for row in rows if row["family"] == family),
        )


def _of_exchange(signal: Signal, origin: str) -> dict[str, Any]:
    return {
        **_said(signal, origin),
        "of": "exchange",
        "behavioural": signal.behavioural,
        "channel": signal.is_channel,
    }


def _of_pair(signal: PairSignal, origin: str) -> dict[str, Any]:
    return {**_said(signal, origin), "of": "pair", "behavioural": True, "channel": False}


def _said(signal: Signal | PairSignal, origin: str) -> dict[str, Any]:
    return {
        "name": signal.name,
        "family": signal.family.value,
        "unit": signal.unit,
        "low": _bound(signal.low),
        "high": _bound(signal.high),
        "meaning": signal.meaning,
        "tail": signal.tail.value,
        "from": origin,
    }


def _bound(value: float) -> float | None:
    """Return a bound for JSON, which has no word for an infinite one but null."""
    return value if math.isfinite(value) else None


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    low = "-∞" if row["low"] is None else f"{row['low']:g}"
    high = "∞" if row["high"] is None else f"{row['high']:g}"
    return (
        row["name"],
        row["unit"],
        f"{low} … {high}",
        row["meaning"],
        row["tail"],
        "yes" if row["channel"] else "",
        row["from"],
    )
