"""The worth of an answer: what is known of its quality without a label, in [0, 1].

Only what has a sign counts. How far two answers lie apart (word distances, embeddings) has none:
the better one is as far from the worse as the other way round, so it is a reason to look and never a
score.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from guards.assessment import Assessed
from guards.faults import Fault
from guards.wrongness import WRONG_ANSWER


class Source(Enum):
    """Where the worth of an answer is read."""

    FAULTS = "faults"  # means that an answer with a hard fault of the version's own is worth 0
    SCHEMA = "schema"  # means that it is worth the share of declared forms that it keeps to
    WRONGNESS = (
        "wrongness"  # means that it is worth the chance that it is right, as golden runs taught
    )
    JUDGE = "judge"  # means that a model says which of two answers is the better one


FREE = (Source.FAULTS, Source.SCHEMA)
_FORMS = ("json_valid", "schema_valid", "matches")
# A stream's constancy is known of live answers alone, and an engine's error is not the version's.
_OF_NO_VERSION = frozenset({Fault.CONSTANT, Fault.ENGINE_ERROR})


def of(assessed: Assessed, sources: Collection[Source]) -> float | None:
    """Return the least that the sources say of a whole answer; `None` if none of them says anything.

    Nothing is said of an answer that is incomplete, or that the engine failed to give: both answers
    of a pair come from one engine, so that is no difference between versions.
    """
    if not assessed.scored.exchange.is_complete or Fault.ENGINE_ERROR in assessed.faults:
        return None
    said = _said(assessed.own_faults, assessed.scored.signals, sources)
    return min(said) if said else None


def as_treated(assessed: Assessed, sources: Collection[Source]) -> float:
    """Return the worth of an answer to a caller who was dealt a version at random.

    Whatever befell the request counts (intention to treat): an answer that failed, that broke off,
    or whose caller left is worth 0, whoever's fault that was. Chance spreads what is nobody's fault
    over both versions alike.
    """
    if not assessed.scored.exchange.is_complete or Fault.ENGINE_ERROR in assessed.faults:
        return 0.0
    said = _said(assessed.own_faults, assessed.scored.signals, sources)
    return min(said, default=1.0)


def _said(
    found: Sequence[Fault], signals: Mapping[str, float], sources: Collection[Source]
) -> Sequence[float]:
    said = []
    if Source.FAULTS in sources:
        said.append(float(not set(found) - _OF_NO_VERSION))
    forms = [signals[name] for name in _FORMS if name in signals]
    if Source.SCHEMA in sources and forms:
        said.append(sum(forms) / len(forms))
    if Source.WRONGNESS in sources and WRONG_ANSWER in signals:
        said.append(1.0 - signals[WRONG_ANSWER])
    return said
