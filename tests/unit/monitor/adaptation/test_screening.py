"""Tests of what is refused before a training, and of how examples are divided."""

from __future__ import annotations

import json
from random import Random

import pytest

from monitor.adaptation import screening, similar, splitting, suspects
from monitor.errors import BadRequest
from tests.unit.monitor.adaptation.conftest import example

LONG = "my parcel with the blue lamp that I ordered on Monday has not come yet"


@pytest.mark.parametrize(
    ("golden", "said"),
    [
        (LONG, "exactly the same"),
        (LONG.upper() + " !", "case and punctuation"),
        (LONG + "s", "a letter"),
    ],
)
def test_a_golden_case_among_the_examples_is_refused(golden: str, said: str) -> None:
    """A golden prompt that differs by no more than its dress or a letter is a leak."""
    rows = [example("where is it", "x"), example(LONG, "y")]
    with pytest.raises(BadRequest, match=r"1 of 2 golden cases .* \(example 2\)"):
        screening.require_apart(rows, ["another thing altogether", golden])


def test_golden_cases_of_their_own_pass() -> None:
    """A prompt that shares words only is none of the examples."""
    screening.require_apart([example(LONG, "y")], ["my parcel with the red chair is broken"])


def test_texts_that_are_alike_are_found_as_by_comparing_all() -> None:
    """Prefix filtering loses no pair: the same pairs as by brute force."""
    rng = Random(1)
    texts = ["".join(rng.choice("abc ") for _ in range(60)) for _ in range(30)]
    texts += [text[:-1] + "z" for text in texts[:10]]
    pieces = [similar._shingles(text) for text in texts]
    slow = {
        (one, other)
        for other in range(len(texts))
        for one in range(other)
        if similar._jaccard(pieces[one], pieces[other]) >= 0.9
    }
    assert set(similar.pairs(texts)) == slow
    assert len(slow) >= 10


def test_parts_share_no_alike_prompts_and_lose_nothing() -> None:
    """Nearly the same prompts stay in one part; exact doubles are left out and counted."""
    rows = [example(f"{LONG} {word}", word) for word in ("one", "two", "ten", "six", "oak")]
    rows += [example(f"question number {number}" * 3, str(number)) for number in range(20)]
    split = splitting.divide([*rows, rows[0]], golden=0.2, held_out=0.1, seed=1)
    parts = (split.training, split.held_out, split.golden)
    assert sorted(row.prompt for part in parts for row in part) == sorted(r.prompt for r in rows)
    assert (len(split.golden), len(split.held_out), split.doubles) == (5, 2, 1)
    places = [place for place, part in enumerate(parts) for _ in part]
    found = similar.groups([row.prompt for part in parts for row in part])
    assert all(places[first] == place for first, place in zip(found, places, strict=True))


def test_kept_cases_compare_json_as_json() -> None:
    """An object becomes a JSON expectation, any other answer an exact one."""
    rows = [example("a", json.dumps({"team": "x"})), example("b", "yes"), example("c", "3")]
    kinds = [case.expectation["kind"] for case in splitting.cases(rows, 1)]
    assert kinds == ["json", "exact", "exact"]


def test_one_label_is_refused() -> None:
    """There is nothing to tell apart."""
    with pytest.raises(BadRequest, match="every example has the label 'x'"):
        screening.require_labels([example("a", "x"), example("b", "x")])


def test_a_wrong_label_is_listed_first() -> None:
    """Of forty clear examples the one whose label was swapped is the surest suspect."""
    goods = [("refund my money", "billing"), ("parcel has not arrived", "shipping")]
    rows = [
        example(f"{text} {number}", json.dumps({"team": team, "order": str(number)}))
        for number in range(20)
        for text, team in goods
    ]
    rows[7] = example(rows[7].prompt, json.dumps({"team": "billing", "order": "3"}))
    found = suspects.find(rows)
    assert [(each.place, each.field, each.expected) for each in found] == [
        (8, "team", '"shipping"')
    ]


def test_answers_that_are_no_labels_have_no_suspects() -> None:
    """Free texts that never come twice are left alone."""
    assert suspects.find([example(f"say {number}", f"word {number}") for number in range(20)]) == []
