"""The frozen reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from guards import archive, channels
from guards.exchange import FinishReason
from guards.layout import Layout
from guards.novelty import Embedded, EmbeddedBy
from guards.reference import (
    SMALLEST,
    Reference,
    TooFewAnswers,
    UnreadableReference,
    is_comparable,
)
from guards.signals import catalogue
from guards.signals.catalogue import CATALOGUE
from tests.unit.guards.samples import asked, exchange, tickets

MODEL = EmbeddedBy(name="model", digest="abc")


def by_a_model(texts: Sequence[str]) -> Embedded:
    """Return vectors that the texts' lengths decide."""
    rows = [np.random.default_rng(len(text)).normal(size=6) + len(text) % 3 for text in texts]
    vectors = np.array(rows, dtype=np.float32)
    return Embedded(by=MODEL, vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.fixture(scope="module")
def reference() -> Reference:
    """A reference of 150 tickets."""
    return Reference.fit(tickets(0, 150), seed=1)


def test_a_reference_keeps_the_channels_that_are_defined(reference: Reference) -> None:
    """Every channel whose signal the tickets have, and the outlier score; scores are sorted."""
    columns = zip(CATALOGUE, catalogue.table(tickets(0, 150)).values.T, strict=True)
    known = [signal for signal, values in columns if not np.isnan(values).all()]
    names = {channel.name for signal in known for channel in channels.of_signal(signal)}
    assert reference.channels.keys() == names | {channels.OUTLIER}
    assert all(np.all(np.diff(values) >= 0) for values in reference.channels.values())


def test_channels_without_values_are_dropped() -> None:
    """Free text without log-probabilities has neither structure nor likelihood."""
    plain = [asked(f"q{n}", f"Answer number {n}.", token_logprobs=None) for n in range(60)]
    kept = Reference.fit(plain, seed=0).channels
    assert not any(name.startswith(("json", "schema", "logprob", "unlikely")) for name in kept)


def test_signals_use_every_answer_and_the_fitted_score_only_the_calibration_half(
    reference: Reference,
) -> None:
    """What needs no fitting is ranked among all 150."""
    assert len(reference.channels["characters_high"]) == 150
    assert len(reference.channels[channels.OUTLIER]) == 75


@pytest.mark.slow
def test_new_scores_are_exchangeable_with_those_of_the_reference() -> None:
    """Over 60 references the ranks of unchanged answers are uniform (Kolmogorov–Smirnov, 1 %).

    The outlier score is the one that could fail: without the split the fitted answers look too
    usual, and the ranks of new ones pile up at the odd end.
    """
    rng = np.random.default_rng(5)
    ranks: list[float] = []
    for seed in range(60):
        frozen = Reference.fit(tickets(seed, 60), seed=seed)
        usual = frozen.channels[channels.OUTLIER]
        (score,) = frozen.scores(tickets(10_000 + seed, 1))[channels.OUTLIER]
        equal = int((usual == score).sum())
        ranks.append((int((usual > score).sum()) + rng.random() * (equal + 1)) / (len(usual) + 1))
    assert stats.kstest(ranks, "uniform").pvalue > 0.01


def test_broken_answers_are_odder_than_all_usual_ones(reference: Reference) -> None:
    """A cut ticket is odd by validity, likelihood and length at once."""
    broken = [asked("m", '{"tea', response_schema=tickets(0, 1)[0].response_schema)]
    scores = reference.scores(broken)
    for name in ("json_valid_low", "schema_valid_low", "characters_low", channels.OUTLIER):
        assert scores[name][0] > reference.channels[name][-1]


def test_a_constant_signal_makes_any_other_value_odd(reference: Reference) -> None:
    """All tickets have one line; an answer of two is odder than all of them."""
    two_lines = [exchange('{"team": "orders",\n"order": "A-555"}')]
    assert reference.scores(two_lines)["lines_high"][0] > reference.channels["lines_high"][-1]


@pytest.mark.parametrize("reason", [FinishReason.ABANDONED, FinishReason.INCOMPLETE])
def test_incomparable_answers_have_no_scores(reference: Reference, reason: FinishReason) -> None:
    """Incomplete answers and those of a failed engine say nothing about the model."""
    left = exchange("a", finish_reason=reason)
    failed = exchange("", error="out of memory")
    assert not is_comparable(left)
    assert not is_comparable(failed)
    assert all(np.isnan(values).all() for values in reference.scores([left, failed]).values())


def test_incomparable_answers_are_no_reference() -> None:
    """They do not count towards the size, and without enough others there is no reference."""
    left = [exchange("a", finish_reason=FinishReason.ABANDONED)] * 100
    assert Reference.fit([*left, *tickets(0, SMALLEST)], seed=0).size == SMALLEST
    with pytest.raises(TooFewAnswers, match=f"got {SMALLEST - 1}"):
        Reference.fit([*left, *tickets(0, SMALLEST - 1)], seed=0)


def test_the_same_seed_freezes_the_same_reference() -> None:
    """Fitting is deterministic, down to the bytes."""
    first, second = (Reference.fit(tickets(3, 50), seed=9).to_bytes() for _ in range(2))
    assert first == second


def test_bytes_carry_the_reference(reference: Reference) -> None:
    """A reference read back gives the same scores and p-values."""
    again = Reference.from_bytes(reference.to_bytes())
    new = tickets(77, 20)
    before, after = reference.scores(new), again.scores(new)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)
    assert np.array_equal(reference.outlier_p_values(before), again.outlier_p_values(after))
    assert (again.size, again.fault_rate_bound) == (reference.size, reference.fault_rate_bound)


def test_words_are_hashed_with_the_key_of_the_reference(reference: Reference) -> None:
    """It is kept with the reference; of before there were keys, no words are taken."""
    keyed = Reference.fit(tickets(0, 150), seed=1, key=b"secret")
    said = Layout.of(["Yes, of course"])
    assert keyed.words(said) != reference.words(said)
    assert Reference.from_bytes(keyed.to_bytes()).words(said) == keyed.words(said)
    description, arrays = archive.unpack(keyed.to_bytes())
    arrays.pop("usual/key")
    older = Reference.from_bytes(archive.pack(description, arrays))
    assert older.usual is None
    assert older.words(Layout.of(["Yes, of course"])) == [None]


def test_a_reference_of_before_embeddings_had_a_say_of_their_own_stays_readable(
    reference: Reference,
) -> None:
    """It gives the scores and p-values that it gave then: one mean over all channels."""
    description, arrays = archive.unpack(reference.to_bytes())
    arrays.pop("surprise_scale")
    arrays.pop("novelty/ids")
    older = Reference.from_bytes(archive.pack(description, arrays))
    new = tickets(77, 20)
    assert older.surprise_scale is None
    assert older.nearest(new[0].output) == ()
    p_values = older.outlier_p_values(older.scores(new))
    assert ((p_values > 0) & (p_values <= 1)).all()


def test_a_models_vectors_are_what_outliers_are_found_among() -> None:
    """The reference keeps whose they are, and scores no others; bytes carry all of it."""
    usual = tickets(0, 150)
    frozen = Reference.fit(usual, seed=1, embed=by_a_model)
    again = Reference.from_bytes(frozen.to_bytes())
    assert again.novelty.by == MODEL
    new = tickets(77, 20)
    vectors = by_a_model([each.output for each in new])
    before, after = frozen.scores(new, vectors), again.scores(new, vectors)
    assert np.array_equal(before[channels.OUTLIER], after[channels.OUTLIER])
    assert np.isfinite(after[channels.OUTLIER]).all()
    assert np.isnan(again.scores(new)[channels.OUTLIER]).all()
    p_values = again.outlier_p_values(again.scores(new))
    assert np.isfinite(p_values).all()
    assert set(again.nearest(new[0].output, vectors.rows([0]))) <= {each.id for each in usual}


def test_while_the_model_is_away_a_reference_embeds_for_itself() -> None:
    """Then it is as without a model."""
    usual = tickets(0, 60)
    alone = Reference.fit(usual, seed=1).to_bytes()
    assert Reference.fit(usual, seed=1, embed=lambda texts: None).to_bytes() == alone


@pytest.mark.parametrize("payload", [b"", b"not a reference"])
def test_other_bytes_are_refused(payload: bytes) -> None:
    """The error says to freeze it again."""
    with pytest.raises(UnreadableReference):
        Reference.from_bytes(payload)


def test_usual_faults_raise_the_bound_on_their_rate() -> None:
    """Where callers ask for few tokens, cut answers are usual and not news."""
    cut = [
        asked(f"q{n}", "a", finish_reason=FinishReason.LENGTH if n % 2 else FinishReason.STOP)
        for n in range(100)
    ]
    assert Reference.fit(cut, seed=0).fault_rate_bound > 0.5
    assert Reference.fit(tickets(0, 150), seed=0).fault_rate_bound < 0.05


def test_grades_are_those_of_all_whole_answers() -> None:
    """Failed ones count, as they do in the stream; answers that broke off do not."""
    fine = [replace(each, grade=1.0) for each in tickets(0, 60)]
    failed = [exchange("", error="out of memory", grade=0.0)] * 9
    left = [exchange("a", finish_reason=FinishReason.ABANDONED, grade=0.5)] * 5
    grades = Reference.fit([*fine, *failed, *left], seed=0).grades
    assert sorted(grades.tolist()) == [0.0] * 9 + [1.0] * 60


def test_an_explanation_names_the_rarest_signals(reference: Reference) -> None:
    """A three-letter answer among tickets is told in words."""
    scores = {name: float(each[0]) for name, each in reference.scores([exchange("Yes")]).items()}
    words = reference.explain_scores(scores)
    assert "length 3 characters: rarer than all 150 reference answers" in words


def test_an_empty_batch_has_no_scores(reference: Reference) -> None:
    """No exchanges are no error."""
    assert all(len(values) == 0 for values in reference.scores([]).values())


def test_every_channel_belongs_to_a_signal() -> None:
    """Explanations find the meaning of each channel."""
    assert {each.signal.name for each in channels.by_name().values()} == {
        signal.name for signal in CATALOGUE if signal.is_channel
    }


def test_the_bound_of_the_fault_rate_is_exact() -> None:
    """It is Clopper and Pearson's, as SciPy's binomial test gives it."""
    cut = [replace(each, finish_reason=FinishReason.LENGTH) for each in tickets(0, 10)]
    bound = Reference.fit([*cut, *tickets(10, 150)], seed=0).fault_rate_bound
    exact = stats.binomtest(10, 160, alternative="less").proportion_ci(0.99, "exact").high
    assert bound == pytest.approx(exact)
