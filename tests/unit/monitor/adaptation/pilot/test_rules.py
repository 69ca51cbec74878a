"""The rules by which a pilot recommends."""

from __future__ import annotations

from typing import Any

from monitor.adaptation.pilot.rules import Advice, Rules, recommend


def row(arm: str, size: int, mean: float, **other: Any) -> dict[str, Any]:
    """Return a row that breaks no rule but what `other` says."""
    told = {
        "arm": arm,
        "size": size,
        "quality": {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "cases": 60},
        "regression_rate": 0.0,
        "forgetting": 0.1,
        "cost": {"trained": 1_000_000 if arm == "full" else 1_000},
    }
    return told | other


PROMPTS = [row("bare", 0, 0.2), row("few-shot", 4, 0.4)]


def test_the_fewest_examples_within_the_margin_are_recommended() -> None:
    """More examples that gain less than the margin are not worth collecting."""
    found = recommend([*PROMPTS, row("lora", 30, 0.88), row("lora", 100, 0.9)], Rules())
    assert (found.advice, found.row, found.prompt) == (Advice.ADAPT, 2, 1)


def test_full_fine_tuning_is_recommended_where_it_is_better_by_the_margin() -> None:
    """An adapter is not praised where it loses."""
    found = recommend([*PROMPTS, row("lora", 30, 0.7), row("full", 30, 0.8)], Rules())
    assert (found.advice, found.row) == (Advice.FULL, 3)


def test_full_fine_tuning_that_is_better_by_less_is_not() -> None:
    """Within the margin the adapter is taken."""
    found = recommend([*PROMPTS, row("lora", 30, 0.77), row("full", 30, 0.8)], Rules())
    assert (found.advice, found.row) == (Advice.ADAPT, 2)


def test_an_interval_that_holds_the_prompts_mean_is_no_gain() -> None:
    """A mean alone shows nothing: its interval must lie above the best prompt's mean."""
    found = recommend([*PROMPTS, row("lora", 30, 0.49)], Rules())
    assert (found.advice, found.row) == (Advice.PROMPT, 1)
    assert found.refused == {2: ("gain",)}


def test_what_forgets_or_makes_worse_is_refused() -> None:
    """Quality on the task does not make up for harm elsewhere."""
    rows = [
        *PROMPTS,
        row("lora", 30, 0.9, forgetting=0.6),
        row("ia3", 30, 0.9, regression_rate=0.1),
    ]
    found = recommend(rows, Rules())
    assert found.refused == {2: ("forgetting",), 3: ("regression",)}
    assert found.advice is Advice.PROMPT


def test_unknown_forgetting_refuses_nothing() -> None:
    """Without a general set forgetting is unknown, and unknown is not bad."""
    assert recommend([*PROMPTS, row("lora", 30, 0.9, forgetting=None)], Rules()).row == 2


def test_more_examples_are_asked_for_while_quality_rises() -> None:
    """Nothing suffices, but the larger size is better by the margin."""
    found = recommend([*PROMPTS, row("lora", 10, 0.3), row("lora", 30, 0.45)], Rules())
    assert (found.advice, found.row) == (Advice.MORE, 1)


def test_a_row_whose_trainings_failed_is_passed_over() -> None:
    """A failure is neither recommended nor compared."""
    failed = {"arm": "lora", "size": 10, "seeds": 0, "failed": "the loss is no number"}
    assert recommend([*PROMPTS, failed, row("lora", 30, 0.9)], Rules()).row == 3
