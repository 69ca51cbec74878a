"""Measures of overlap against their definitions and against other people's programs."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards import overlap, tokens
from guards.grading import grade

WORDS = st.lists(st.sampled_from("abcd"), max_size=7)

# (answer, references, F1 as is, F1 normalised): by hand from the definition of SQuAD.
F1 = [
    ("cat", ["cat"], 1, 1),
    ("Cat", ["cat"], 0, 1),
    ("the cat", ["cat"], 2 / 3, 1),
    ("The cat.", ["a cat"], 0, 1),
    ("cat sat", ["sat cat"], 1, 1),
    ("cat cat", ["cat"], 2 / 3, 2 / 3),
    ("cat", ["dog"], 0, 0),
    ("", ["cat"], 0, 0),
    ("the", ["an"], 0, 1),
    ("...", ["cat"], 0, 0),
    ("in 14 days", ["14 days"], 0.8, 0.8),
    ("1,000", ["1000"], 0, 1),
    ("a b c d", ["a b", "c d e f"], 2 / 3, 4 / 7),
    ("dog", ["cat", "dog"], 1, 1),
    ("café", ["cafe\u0301"], 0, 1),
    ("Ｃａｔ", ["cat"], 0, 1),
    ("猫", ["猫"], 1, 1),
    ("猫です", ["猫"], 0.5, 0.5),
    ("猫が好き", ["猫が好きです"], 0.8, 0.8),
    ("猫。", ["猫"], 2 / 3, 1),
    ("東京 都", ["東京都"], 1, 1),
    ("ﾈｺ", ["ネコ"], 0, 1),
]

# (answer, references, as is, normalised): 2·LCS / (m + n) by hand.
ROUGE_L = [
    ("police kill the gunman", ["police killed the gunman"], 0.75, 0.75),
    ("the gunman kill police", ["police killed the gunman"], 0.5, 0.5),
    ("Police killed", ["police killed"], 0.5, 1),
    ("police killed.", ["police killed"], 0.5, 1),
    ("a", ["a"], 1, 1),
    ("a", ["b"], 0, 0),
    ("", ["a"], 0, 0),
    ("a b c", ["c b a"], 1 / 3, 1 / 3),
    ("a b c d", ["a x b y c"], 2 / 3, 2 / 3),
    ("a a a", ["a"], 0.5, 0.5),
    ("a b", ["a b c d"], 2 / 3, 2 / 3),
    ("a b c d", ["a b"], 2 / 3, 2 / 3),
    ("x y", ["a", "y x", "x y"], 1, 1),
    ("A-1 is late", ["a 1 is late"], 4 / 7, 1),
    ("it's late", ["it s late"], 0.4, 1),
    ("Ｎｏ １", ["no 1"], 0, 1),
    ("grüße", ["GRÜSSE"], 0, 0),
    ("!!!", ["!!!"], 1, 0),
    ("猫が好き", ["猫が好き"], 1, 1),
    ("猫が好き", ["犬が好き"], 0.75, 0.75),
    ("好き猫が", ["猫が好き"], 0.5, 0.5),
    ("猫が好き。", ["猫が好き"], 8 / 9, 1),
    ("コーヒー二杯", ["コーヒー一杯"], 5 / 6, 5 / 6),
]


@pytest.mark.parametrize(("output", "values", "raw", "normalized"), F1)
def test_token_f1_is_squad_s(output: str, values: list[str], raw: float, normalized: float) -> None:
    """Articles, case and punctuation are forgiven after normalising; Japanese goes by character."""
    found = grade({"kind": "token_f1", "values": values}, output)
    assert (found.raw, found.normalized) == pytest.approx((raw, normalized))


@pytest.mark.parametrize(("output", "values", "raw", "normalized"), ROUGE_L)
def test_rouge_l_is_the_longest_common_subsequence(
    output: str, values: list[str], raw: float, normalized: float
) -> None:
    """Order counts; Japanese goes by character."""
    found = grade({"kind": "rouge_l", "values": values}, output)
    assert (found.raw, found.normalized) == pytest.approx((raw, normalized))


@given(WORDS, WORDS)
def test_rouge_l_finds_what_trying_all_subsequences_finds(
    first: list[str], second: list[str]
) -> None:
    """An independent search over all subsequences, longest first."""
    longest = next(
        n
        for n in range(len(first), -1, -1)
        if set(itertools.combinations(first, n)) & set(itertools.combinations(second, n))
    )
    expected = 2 * longest / (len(first) + len(second)) if first and second else 0.0
    assert overlap.rouge_l(first, second) == pytest.approx(expected)


def test_rouge_l_is_that_of_rouge_score() -> None:
    """On English text, without stemming."""
    from rouge_score import rouge_scorer

    scorer = rouge_scorer.RougeScorer(["rougeL"])
    sentences = [text for output, values, _, _ in ROUGE_L for text in (output, *values)]
    english = [text for text in sentences if text.isascii()]
    for output, reference in itertools.product(english, repeat=2):
        expected = scorer.score(reference, output)["rougeL"].fmeasure
        ours = overlap.rouge_l(tokens.words(output), tokens.words(reference))
        assert ours == pytest.approx(expected), (output, reference)


CHRF = [
    ("the cat sat on the mat", "the cat sat on the mat"),
    ("the cat sat", "the cat sat on the mat"),
    ("The Cat", "the cat"),
    ("cat", "dog"),
    ("a", "a"),
    ("ab", "ba"),
    ("", "cat"),
    ("cats", "cat"),
    ("cat cat", "cat"),
    ("on the mat", "the mat on"),
    ("it is late", "it's late"),
    ("A-48213", "A-48214"),
    ("1,200", "1200"),
    ("grüße aus köln", "gruesse aus koeln"),
    ("naïve café", "naive cafe"),
    ("x" * 50, "x" * 40),
    ("猫が好き", "猫が好きです"),
    ("犬が好き", "猫が好き"),
    ("東京都", "京都"),
    ("ありがとうございます", "ありがとう"),
    ("コーヒー", "コーヒー"),
    ("猫 が 好き", "猫が好き"),
]


@pytest.mark.parametrize("word_order", [0, 2])
@pytest.mark.parametrize(("output", "reference"), CHRF)
def test_chrf_is_the_mean_over_orders_of_the_f_measure(
    output: str, reference: str, word_order: int
) -> None:
    """An independent, slow chrF and chrF++ from the definition (Popović, 2015 and 2017), β = 2."""
    expectation = {"kind": "chrf", "values": [reference], "word_order": word_order}
    found = grade(expectation, output)
    assert found.raw == pytest.approx(_slow_chrf(output, reference, word_order))
    folded = [text.casefold() for text in (output, reference)]
    assert found.normalized == pytest.approx(_slow_chrf(*folded, word_order))


def _slow_chrf(output: str, reference: str, word_order: int) -> float:
    """Return (1 + β²)·P·R / (β²·P + R), P and R the means over the orders that both have."""
    precisions, recalls = [], []
    for ours, theirs in [*_characters(output, reference), *_words(output, reference, word_order)]:
        if not ours or not theirs:
            continue
        common = (ours & theirs).total()
        precisions.append(common / ours.total())
        recalls.append(common / theirs.total())
    if not precisions:
        return 0.0
    p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 5 * p * r / (4 * p + r) if p + r else 0.0


def _characters(output: str, reference: str) -> list[tuple[Counter[str], Counter[str]]]:
    plain = ["".join(text.split()) for text in (output, reference)]
    return [tuple(_grams(text, n) for text in plain) for n in range(1, 7)]


def _words(output: str, reference: str, most: int) -> list[tuple[Counter[str], Counter[str]]]:
    cut = [_separated(text) for text in (output, reference)]
    return [tuple(_grams(words, n) for words in cut) for n in range(1, most + 1)]


def _separated(text: str) -> list[str]:
    """Cut one mark of punctuation off a word, at its end or else its beginning."""
    words = []
    for word in text.split():
        found = re.fullmatch(r"(.+)([!-/:-@\[-`{-~])|([!-/:-@\[-`{-~])(.+)", word)
        words += [part for part in found.groups() if part] if found else [word]
    return words


def _grams(units, n: int) -> Counter:
    return Counter(tuple(units[i : i + n]) for i in range(len(units) - n + 1))


def test_the_best_reference_counts() -> None:
    """As in the measures' own scripts."""
    for kind in ("token_f1", "rouge_l", "chrf"):
        found = grade({"kind": kind, "values": ["no way", "the same"]}, "the same")
        assert found.raw == pytest.approx(1.0)
