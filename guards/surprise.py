"""How surprising an answer is as a whole: over all of its signals together, or by its embedding.

The signals together have one number, the mean of -ln p over their channels, as Fisher (1932)
combines them. An answer on another matter may be odd by its embedding alone, which a mean over many
signals would drown: so the embedding's own score stands beside that number, both in units of their
usual spread, and the larger one counts. It is at its most usual where there is no embedding; such an
answer is called odd less often, never more often.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from guards import channels
from guards.signals.signal import Values

Scale = NDArray[np.float64]

_MIDDLE, _HIGH = 0.5, 0.9  # quantiles between which a number's scale is measured


def scale_of(usual: Mapping[str, Values], scores: Mapping[str, Values]) -> Scale:
    """Return middle and spread of the numbers of usual answers: (2, numbers).

    Args:
        usual: sorted scores of usual answers by channel.
        scores: of the answers (n,) that calibrate, which are among the usual ones.
    """
    numbers = _numbers(usual, scores, own=True)
    middle = np.nanquantile(numbers, _MIDDLE, axis=1)
    spread = np.nanquantile(numbers, _HIGH, axis=1) - middle
    return np.stack([middle, np.where(spread > 0, spread, 1.0)])


def surprise(
    usual: Mapping[str, Values],
    scores: Mapping[str, Values],
    scale: Scale | None,
    *,
    own: bool = False,
) -> Values:
    """Return the surprise of answers, shape (n,); NaN for those without any score.

    Args:
        scale: from `scale_of`; without one, as in references of before there was one, the
            embedding's channel is but one of the channels of the mean.
        own: whether the answers are among the usual ones.
    """
    if scale is None:
        return _together(usual, scores, own=own)
    numbers = _numbers(usual, scores, own=own)
    return np.asarray(np.fmax.reduce((numbers - scale[0][:, None]) / scale[1][:, None]))


def _numbers(
    usual: Mapping[str, Values], scores: Mapping[str, Values], *, own: bool
) -> NDArray[np.float64]:
    """Return the numbers that surprise is made of, (1 or 2, n): signals and, if used, embedding."""
    signals = {name: values for name, values in usual.items() if name != channels.OUTLIER}
    together = _together(signals, scores, own=own)
    if channels.OUTLIER not in usual:
        return together[None, :]
    return np.stack([together, scores[channels.OUTLIER]])


def _together(usual: Mapping[str, Values], scores: Mapping[str, Values], *, own: bool) -> Values:
    """Return the mean of -ln p over the channels, shape (n,)."""
    surprises = np.stack(
        [-np.log(channels.p_values(usual[name], scores[name], own=own)) for name in usual]
    )
    defined = ~np.isnan(surprises)
    total = np.where(defined, surprises, 0.0).sum(axis=0)
    count = defined.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
