"""Verdicts of a check, and the worst of several."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """What a check concludes. `INCONCLUSIVE` and `ERROR` never roll back and never promote."""

    OK = "ok"  # means that the check found nothing wrong
    WARN = "warn"  # means that a person should look, and nothing is done
    FAIL = "fail"  # means that harm is shown
    INCONCLUSIVE = "inconclusive"  # means that there is too little data to say
    ERROR = "error"  # means that the measuring broke, not the measured


_SEVERITY = (Verdict.OK, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.ERROR, Verdict.FAIL)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the most severe verdict; `INCONCLUSIVE` when there is none to judge by.

    >>> worst([Verdict.OK, Verdict.WARN])
    <Verdict.WARN: 'warn'>
    >>> worst([])
    <Verdict.INCONCLUSIVE: 'inconclusive'>
    """
    return max(verdicts, key=_SEVERITY.index, default=Verdict.INCONCLUSIVE)
