"""A golden run on record: cases that broke, that were mended, and words that are made to do harm."""

from __future__ import annotations

from datetime import datetime

from guards import golden
from guards.exchange import Message
from guards.golden import GoldenCase, GoldenResult
from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from tests.integration.web.story import HOSTILE, V1, V2

RUN = "5b0f3c52-7d4e-4f8e-9a54-0f6a3a1e2d11"
# Id, slice, question, answer of v1, answer of v2, grades of v2 and v1.
_QUESTIONS = (
    (
        "case-0",
        "refunds",
        "Can I return it?",
        "Yes, within 30 days.",
        "Yes, within 14 days.",
        (0.0, 1.0),
    ),
    ("case-1", "refunds", "Who pays the postage?", "We do.", "We do.", (1.0, 1.0)),
    ("case-2", "prices", "Is there a discount?", "No.", "Not at the moment.", (1.0, 0.0)),
    ("case-3", "prices", HOSTILE, "Hello.", HOSTILE, (0.0, 1.0)),
)
_SUMMARY = {
    "sentence": "mean grade 0.500 against 0.750 on 4 of 4 cases: 2 worse, 1 better",
    "cases": 4,
    "set_size": 4,
    "difference": -0.25,
    "margin": 0.05,
    "mcnemar_p": 1.0,
    "accumulated": {"": 1.9, "refunds": 1.2, "prices": 0.8},
    "regressions": {"broken": 2, "right_before": 3, "rate": 2 / 3, "low": 0.09, "high": 0.99},
    "critical_failures": ["case-0"],
    "flaky": ["case-2"],
    "operations": {
        "device": "cuda:0",
        "peak_host_bytes": 2_000_000_000,
        "peak_device_bytes": 5_000_000_000,
        "at_once": 16,
        "at_once_at_the_end": 4,
        "versions": {
            name: {
                "latency_p50_s": 0.25,
                "latency_p95_s": 0.75,
                "tokens_per_s": 40.0,
                "adapter_bytes": 8_000_000,
                "cost_per_thousand": cost,
            }
            for name, cost in ((V2, 1.5), (V1, None))
        },
    },
    "slices": {
        name: {"cases": 2, "subject": 0.5, "against": each, "harm": 0.9, "verdict": "inconclusive"}
        for name, each in (("refunds", 1.0), ("prices", 0.5))
    },
}


def golden_run(stores: Stores, at: datetime) -> GoldenRun:
    """Record the run of v2 against v1."""
    cases = [
        GoldenCase(
            id=name,
            messages=(Message(role="user", content=question),),
            expectation={"kind": "exact", "value": before},
            slice=group,
            critical=name == "case-0",
        )
        for name, group, question, before, *_ in _QUESTIONS
    ]
    stores.golden.import_cases("support", cases, actor="ada", at=at)
    run = GoldenRun(
        id=RUN,
        deployment="support",
        subject=V2,
        against=V1,
        compared=True,
        cause="demand",
        set_digest=golden.set_digest(cases),
        started_at=at,
        finished_at=at,
        verdict=Verdict.FAIL,
        summary=_SUMMARY,
    )
    stores.golden.save_run(
        run,
        {
            V2: [_result(name, after, grades[0]) for name, _, _, _, after, grades in _QUESTIONS],
            V1: [_result(name, before, grades[1]) for name, _, _, before, _, grades in _QUESTIONS],
        },
    )
    return run


def _result(name: str, output: str, grade: float) -> GoldenResult:
    return GoldenResult(case_id=name, output=output, raw=grade, grade=grade, latency_s=0.1)
