"""What guards concluded, as the record keeps it."""

from __future__ import annotations

from guards.checks import catalogue, judgement
from guards.checks.context import GuardContext
from guards.guarded import Guarded, GuardVerdict


def test_a_judgement_is_kept_as_kinds_and_counts() -> None:
    """Not a character of the text, nor a place in it."""
    guards = catalogue.build({"personal_data": {"mode": "flag"}, "secrets": {}})
    text = "anna.schmidt@gmail.com, bert@web.de, ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    found = judgement.judge(text, GuardContext(), guards).guarded()
    assert found == Guarded(
        verdict=GuardVerdict.FLAG,
        kinds={"personal_data.email": 2, "secrets.github_token": 1},
    )
    assert found.sentences() == (
        "Guards flagged the answer: personal_data.email (2), secrets.github_token (1).",
    )


def test_two_sets_of_guards_are_joined() -> None:
    """The severer verdict stands, and nothing is lost."""
    gateway = Guarded(
        verdict=GuardVerdict.BLOCK, kinds={"secrets.jwt": 1}, failed_closed=("judge",)
    )
    scorer = Guarded(verdict=GuardVerdict.FLAG, kinds={"schema.schema_broken": 1})
    both = scorer.joined(gateway)
    assert both.verdict is GuardVerdict.BLOCK
    assert both.sentences() == (
        "Guards blocked the answer: schema.schema_broken (1), secrets.jwt (1).",
        "Blocked unchecked: judge could not say.",
    )


def test_one_text_of_several_that_could_not_be_checked_is_a_failure_of_the_answer() -> None:
    """Reports of several texts become one for each guard."""
    fine = judgement.Report(guard="g", mode=judgement.Mode.BLOCK)
    failed = judgement.Report(guard="g", mode=judgement.Mode.BLOCK, failed=True)
    (merged,) = judgement.merged([fine, failed])
    assert merged.outcome is judgement.Outcome.FAILED_CLOSED


def test_silence_is_silent() -> None:
    """Nothing found and nothing failed leaves no word in the record."""
    assert Guarded().is_silent
    assert Guarded().sentences() == ()
