"""The golden gate: whether a version may be promoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guards.verdicts import Verdict

_PASSING = frozenset({Verdict.OK, Verdict.WARN})
_NAMED_CASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The golden set shows no harm."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The version stays out."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """The version would have been refused for this reason, and a person insisted."""

    reason: str


Passage = Passed | Refused | Forced


def gate(verdict: Verdict, critical_failures: Sequence[str], force: bool) -> Passage:
    """Return whether a version may pass.

    Args:
        verdict: of the golden run; `INCONCLUSIVE` and `ERROR` never pass by themselves.
        critical_failures: ids of critical cases that failed; a single one refuses.
        force: whether a person insists.
    """
    objection = _objection(verdict, critical_failures)
    if objection is None:
        return Passed(reason="the golden set shows no harm")
    return Forced(reason=objection) if force else Refused(reason=objection)


def _objection(verdict: Verdict, critical_failures: Sequence[str]) -> str | None:
    if critical_failures:
        return _critical(critical_failures)
    if verdict in _PASSING:
        return None
    return {
        Verdict.FAIL: "the golden set shows harm",
        Verdict.INCONCLUSIVE: "the golden run has too few cases to say; add cases and run it again",
        Verdict.ERROR: "the golden run broke, so nothing is known; run it again",
    }[verdict]


def _critical(failures: Sequence[str]) -> str:
    named = ", ".join(failures[:_NAMED_CASES])
    more = len(failures) - _NAMED_CASES
    rest = f" and {more} more" if more > 0 else ""
    return f"critical golden cases failed: {named}{rest}"
