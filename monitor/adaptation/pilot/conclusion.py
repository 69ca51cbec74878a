"""The conclusion of a pilot: everything its report shows, in JSON's own types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from monitor.adaptation import facts
from monitor.adaptation.pilot import rules as ruling
from monitor.adaptation.pilot import summary, watching
from monitor.adaptation.pilot.plan import PROMPTS, Plan
from monitor.adaptation.pilot.prices import Prices
from monitor.adaptation.pilot.rules import Advice, Rules
from rollback.policy import Policy


def conclude(
    plan: Plan,
    cells: Sequence[Mapping[str, Any]],
    *,
    prices: Prices | None = None,
    rules: Rules | None = None,
    policy: Policy | None = None,
) -> dict[str, Any]:
    """Return rows, recommendation with its rules, and how the risks would be watched.

    Where no adapter is recommended, the risks are those of the best one.
    """
    limits = rules or Rules()
    rows = summary.rows(plan.cases, cells, prices)
    found = ruling.recommend(rows, limits)
    row = found.row if found.advice in (Advice.ADAPT, Advice.FULL) else _best_trained(rows)
    return {
        "golden_cases": len(plan.cases),
        "pool": len(plan.pool),
        "general": len(plan.general),
        "seeds": plan.seeds,
        "rows": rows,
        "recommendation": {
            "advice": found.advice.value,
            "row": found.row,
            "prompt": found.prompt,
            "refused": {str(place): list(names) for place, names in found.refused.items()},
        },
        "rules": asdict(limits),
        "prices": None if prices is None else asdict(prices),
        "watched": row,
        "risks": []
        if row is None
        else watching.watched(
            plan.cases, cells, (rows[row]["arm"], rows[row]["size"]), policy or Policy()
        ),
        "environment": dict(facts.environment("cuda" if torch.cuda.is_available() else "cpu")),
    }


def _best_trained(rows: Sequence[Mapping[str, Any]]) -> int | None:
    trained = [
        place for place, row in enumerate(rows) if row["arm"] not in PROMPTS and "failed" not in row
    ]
    return max(trained, key=lambda place: float(rows[place]["quality"]["mean"]), default=None)
