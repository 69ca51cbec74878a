"""What the cells of a pilot come to: one row for each arm and size, over its seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from guards.confidence import rate_interval
from guards.golden_case import GoldenCase
from monitor.adaptation.pilot.plan import BARE, FEW_SHOT
from monitor.adaptation.pilot.prices import Prices, break_even

Row = dict[str, Any]
_BINS = 10


def rows(
    cases: Sequence[GoldenCase], cells: Sequence[Mapping[str, Any]], prices: Prices | None = None
) -> list[Row]:
    """Return the rows in the cells' order; a row whose every training failed says why."""
    together: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for cell in cells:
        together[cell["arm"], cell["size"]].append(cell)
    base = next(cell for cell in cells if cell["arm"] == BARE)
    found = [_row(cases, each, base) for each in together.values()]
    if prices is not None:
        _add_money(found, prices)
    return found


def calibration_error(probabilities: Sequence[float], grades: Sequence[float]) -> float:
    """Return the expected calibration error, in [0, 1], over ten bins of equal width.

    >>> round(calibration_error([0.9, 0.9], [1.0, 0.0]), 3)
    0.4
    """
    bins: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for probability, grade in zip(probabilities, grades, strict=True):
        bins[min(_BINS - 1, int(probability * _BINS))].append((probability, grade))
    gaps = [abs(sum(p - g for p, g in each)) for each in bins.values()]
    return sum(gaps) / len(grades)


def _row(
    cases: Sequence[GoldenCase], cells: Sequence[Mapping[str, Any]], base: Mapping[str, Any]
) -> Row:
    whole = [cell for cell in cells if "failed" not in cell]
    row: Row = {"arm": cells[0]["arm"], "size": cells[0]["size"], "seeds": len(whole)}
    if not whole:
        return row | {"failed": cells[0]["failed"]}
    by_case = [fmean(grades) for grades in zip(*(c["grades"] for c in whole), strict=True)]
    means = [fmean(cell["grades"]) for cell in whole]
    return row | {
        "quality": _quality(by_case),
        "seed_range": [min(means), max(means)],
        "exact": fmean(float(grade == 1.0) for cell in whole for grade in cell["grades"]),
        "slices": _slices(cases, by_case),
        "calibration_error": fmean(
            calibration_error(cell["probabilities"], cell["grades"]) for cell in whole
        ),
        "regression_rate": fmean(
            float(ours < theirs)
            for cell in whole
            for ours, theirs in zip(cell["grades"], base["grades"], strict=True)
        ),
        "forgetting": None
        if base["general_likelihood"] is None
        else base["general_likelihood"] - fmean(cell["general_likelihood"] for cell in whole),
        "cost": _cost(whole),
        "seconds_per_answer": fmean(cell["seconds_per_answer"] for cell in whole),
        "speed": _speed(whole),
    }


def _quality(grades: Sequence[float]) -> Mapping[str, float]:
    """Return mean and 95 % interval; seeds share their cases, so cases are what is counted."""
    within = rate_interval(sum(grades), len(grades))
    return {"mean": fmean(grades), "low": within.low, "high": within.high, "cases": len(grades)}


def _slices(cases: Sequence[GoldenCase], by_case: Sequence[float]) -> Mapping[str, Any]:
    grades: dict[str, list[float]] = defaultdict(list)
    for case, grade in zip(cases, by_case, strict=True):
        if case.slice:
            grades[case.slice].append(grade)
    return {name: _quality(each) for name, each in sorted(grades.items())}


def _cost(cells: Sequence[Mapping[str, Any]]) -> Mapping[str, float] | None:
    costs = [cell["cost"] for cell in cells if cell["cost"] is not None]
    return {name: fmean(cost[name] for cost in costs) for name in costs[0]} if costs else None


def _speed(cells: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    speeds = [cell["speed"] for cell in cells]
    means = {
        name: fmean(each[name] for each in speeds)
        for name in ("latency_s", "tokens_per_s", "tensor_bytes")
    }
    merged = [each["merged_latency_s"] for each in speeds if each["merged_latency_s"] is not None]
    loaded = [
        {name: fmean(each[name] for each in same) for name in same[0]}
        for same in zip(*(each["loaded"] for each in speeds), strict=True)
    ]
    return {**means, "merged_latency_s": fmean(merged) if merged else None, "loaded": loaded}


def _add_money(found: Sequence[Row], prices: Prices) -> None:
    """Add what each row costs, against the few-shot prompt, which costs nothing to make but its examples."""
    asked = next(row for row in found if row["arm"] == FEW_SHOT)
    instead = prices.per_thousand(asked["seconds_per_answer"])
    for row in found:
        if "failed" in row:
            continue
        cost = row["cost"]
        to_make = (
            row["size"] * prices.example
            if cost is None
            else prices.to_make(row["size"], cost["seconds"])
        )
        per_thousand = prices.per_thousand(row["seconds_per_answer"])
        row["money"] = {
            "to_make": to_make,
            "per_thousand": per_thousand,
            "break_even": None if cost is None else break_even(to_make, per_thousand, instead),
        }
