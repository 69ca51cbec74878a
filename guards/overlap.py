"""How much of a reference an answer has: token F1, ROUGE-L and chrF, each in [0, 1].

Several references count by the best one, as in the measures' own scripts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

Tokens = Sequence[str]


def f1(output: Tokens, reference: Tokens) -> float:
    """Return the harmonic mean of precision and recall of tokens, however they are ordered.

    Source: the evaluation script of SQuAD 2.0 (Rajpurkar et al., 2018): two empty texts agree.

    >>> f1(["a", "b"], ["b", "c"])
    0.5
    """
    if not output or not reference:
        return float(not output and not reference)
    common = (Counter(output) & Counter(reference)).total()
    return 2.0 * common / (len(output) + len(reference))


def rouge_l(output: Tokens, reference: Tokens) -> float:
    """Return the F-measure of the longest common subsequence, precision and recall alike.

    Source: ROUGE-L of one sentence (Lin, 2004, section 3.1, with β = 1); of nothing it is 0.

    >>> rouge_l(["police", "kill", "the", "gunman"], ["police", "killed", "the", "gunman"])
    0.75
    """
    if not output or not reference:
        return 0.0
    return 2.0 * _longest_common(output, reference) / (len(output) + len(reference))


def chrf(output: str, references: Sequence[str], *, word_order: int = 0) -> float:
    """Return chrF, or chrF++ with a `word_order` of 2, of one sentence as sacrebleu computes it.

    Source: Popović, 2015 and 2017. Characters make it fit for scripts without spaces.
    """
    return float(_chrf(word_order).sentence_score(output, references).score) / 100.0


def best(
    measure: Callable[[Tokens, Tokens], float],
    cut: Callable[[str], Tokens],
    output: str,
    references: Sequence[str],
) -> float:
    """Return the best measure of an answer among the references, once both are cut into tokens."""
    tokens = cut(output)
    return max(measure(tokens, cut(reference)) for reference in references)


@lru_cache(maxsize=4)
def _chrf(word_order: int) -> CHRF:
    # Imported here: few golden sets need it, and every process would have to load it.
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=word_order)


def _longest_common(first: Tokens, second: Tokens) -> int:
    """Return the length of the longest common subsequence (Wagner and Fischer's table, by row)."""
    row = [0] * (len(second) + 1)
    for token in first:
        diagonal = 0
        for index, other in enumerate(second, start=1):
            above = row[index]
            row[index] = diagonal + 1 if token == other else max(above, row[index - 1])
            diagonal = above
    return row[-1]
