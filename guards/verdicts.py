"""Verdicts of a check."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What a check concludes. `INCONCLUSIVE` and `ERROR` never roll back and never promote."""

    OK = "ok"  # means that the check found nothing wrong
    WARN = "warn"  # means that a person should look, and nothing is done
    FAIL = "fail"  # means that harm is shown
    INCONCLUSIVE = "inconclusive"  # means that there is too little data to say
    ERROR = "error"  # means that the measuring broke, not the measured
