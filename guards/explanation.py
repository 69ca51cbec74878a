"""Explanations: what is rarest about an answer, in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guards import channels
from guards.signals.signal import Values

_NEAREST = "nearest reference answers: "
_RARE = 0.02  # p-value above which a channel is not worth a word


def rarest(
    usual: Mapping[str, Values], scores: Mapping[str, float], *, at_most: int
) -> tuple[str, ...]:
    """Return sentences on the rarest channels, rarest first; empty if nothing is rare.

    Args:
        usual: sorted scores of the reference answers by channel.
        scores: of one answer by channel; channels without a score are left out.
    """
    ranked = sorted((_share_as_odd(usual[name], score), name) for name, score in scores.items())
    rare = [name for share, name in ranked if share <= _RARE]
    return tuple(_sentence(name, scores[name], usual[name]) for name in rare[:at_most])


def nearest(ids: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence on the reference answers nearest to an answer, by id; none without ids."""
    return (f"{_NEAREST}{', '.join(ids)}",) if ids else ()


def nearest_ids(findings: Sequence[str]) -> tuple[str, ...]:
    """Return the ids that `nearest` has put among the findings of an answer.

    >>> nearest_ids(("answer is empty", *nearest(["a", "b"])))
    ('a', 'b')
    """
    told = [each.removeprefix(_NEAREST) for each in findings if each.startswith(_NEAREST)]
    return tuple(name for each in told for name in each.split(", "))


def _share_as_odd(usual: Values, score: float) -> float:
    return float((usual >= score).mean())


def _sentence(name: str, score: float, usual: Values) -> str:
    rarer = f"rarer than {_how_many(usual, score)} reference answers"
    if name == channels.OUTLIER:
        return f"unlike the usual answers: {rarer}"
    channel = channels.by_name()[name]
    value = f"{channel.sign * score:.3g}" if abs(score) < 1000 else f"{channel.sign * score:.0f}"
    return f"{channel.signal.meaning} {value} {channel.signal.unit}".rstrip() + f": {rarer}"


def _how_many(usual: Values, score: float) -> str:
    share = float((usual < score).mean())
    if share == 1:
        return f"all {len(usual)}"
    return f"{int(100 * share)} % of {len(usual)}"  # rounded down: never more than is true
