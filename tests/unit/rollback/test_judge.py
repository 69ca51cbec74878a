"""The judge of one deployment under one epoch."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from guards import words
from guards.categories import DISTANCE, MIX, Categories, PromptClusters
from guards.embedding import Embedder
from guards.usual import UsualAnswers
from rollback.evidence import EvidencePoint
from rollback.judge import Judge
from rollback.judge_settings import HarmWeights, JudgeSettings
from rollback.observation import Observation

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = b"secret"
CHANNELS = ("length", "likelihood", "outlier")


def _reference(rng: np.random.Generator, size: int = 150) -> dict[str, NDArray[np.float64]]:
    return {name: np.abs(rng.normal(size=size)) for name in CHANNELS}


def _judge(
    settings: JudgeSettings | None = None,
    reference: dict[str, NDArray[np.float64]] | None = None,
) -> Judge:
    return Judge(
        deployment="support",
        epoch=3,
        adapter="support@3f9a2c1d7b04",
        settings=settings or JudgeSettings(),
        reference=reference,
    )


def _answer(
    n: int,
    *,
    fault: bool = False,
    pair: float | None = None,
    scores: dict[str, float] | None = None,
) -> Observation:
    at = START + timedelta(seconds=n)
    return Observation(exchange_id=f"e{n}", at=at, scores=scores or {}, fault=fault, pair=pair)


def _stream(rng: np.random.Generator, size: int, added: float = 0.0) -> list[Observation]:
    return [
        _answer(
            n,
            fault=bool(rng.random() < 0.1),
            pair=float(rng.uniform(-1.0, 1.0)) if rng.random() < 0.3 else None,
            scores={name: abs(rng.normal()) + added for name in CHANNELS if rng.random() < 0.9},
        )
        for n in range(size)
    ]


def test_sixty_percent_faults_cross_within_fourteen_answers() -> None:
    """The median over 40 runs, from the first answer on and without any reference."""
    rng, exposures = np.random.default_rng(1), []
    for _ in range(40):
        judge, n = _judge(), 0
        while not judge.crossed:
            judge.observe(_answer(n, fault=bool(rng.random() < 0.6)))
            n += 1
        exposures.append(n)
    assert np.median(exposures) <= 14


@pytest.mark.slow
def test_the_tolerated_harm_keeps_the_run_length() -> None:
    """At 5 % faults, pairs at the margin and a golden run at the margin every 10 answers, the mean
    run length to 40 is at least 40 less the golden weight and 3 errors (cut at 200: no longer)."""
    rng, lengths = np.random.default_rng(2), []
    golden = np.array([-1.0] * 4 + [1.0] * 2 + [0.0] * 34)
    for _ in range(120):
        judge, n = _judge(JudgeSettings(line=40.0, suspicion_line=40.0)), 0
        while not judge.crossed and n < 200:
            pair = float(rng.choice([-1.0, 0.0, 1.0], p=[0.15, 0.75, 0.1]))
            judge.observe(_answer(n, fault=bool(rng.random() < 0.05), pair=pair))
            if n % 10 == 0:
                judge.observe_golden(rng.permutation(golden).tolist(), 40, at=START)
            n += 1
        lengths.append(n)
    assert np.mean(lengths) >= 39.75 - 3.0 * np.std(lengths) / np.sqrt(len(lengths))


def test_pairs_that_are_worse_cross() -> None:
    """Thirty pairs that the active version lost are enough."""
    judge = _judge()
    judge.observe_all([_answer(n, pair=-1.0) for n in range(30)])
    assert judge.crossed


def test_a_golden_run_that_is_much_worse_crosses_at_once() -> None:
    """Forty of sixty cases worse settle it, though no answer showed a fault."""
    judge = _judge()
    differences = np.random.default_rng(3).permutation([-1.0] * 40 + [0.0] * 20).tolist()
    point = judge.observe_golden(differences, 60, at=START)
    assert judge.crossed
    assert point.evidence >= point.line
    assert point.position == 0


def test_a_golden_run_within_the_margin_is_no_evidence() -> None:
    """Three of sixty cases worse is what a margin of 0.05 tolerates."""
    judge, rng = _judge(), np.random.default_rng(5)
    for n in range(50):
        judge.observe(_answer(n))
        judge.observe_golden(rng.permutation([-1.0] * 3 + [0.0] * 57).tolist(), 60, at=START)
    assert not judge.crossed


def test_a_golden_set_that_is_too_small_is_no_evidence() -> None:
    """Nineteen cases are inconclusive, whatever they show."""
    judge = _judge()
    assert judge.observe_golden([-1.0] * 19, 19, at=START).evidence == 0.0


def test_a_second_golden_run_counts_only_after_another_answer() -> None:
    """The run length is promised in exchanges, so bets start at most once per exchange."""
    judge, mild = _judge(), [-1.0, 0.0] * 15
    first = judge.observe_golden(mild, 30, at=START).evidence
    assert judge.observe_golden(mild, 30, at=START).evidence == first
    judge.observe(_answer(0))
    assert judge.observe_golden(mild, 30, at=START).channels["golden"] > first


def test_drift_raises_suspicion_and_never_evidence() -> None:
    """Drift has no sign."""
    rng = np.random.default_rng(4)
    judge = _judge(reference=_reference(rng))
    for n in range(30):
        scores = {name: abs(rng.normal()) + 6.0 for name in CHANNELS}
        point = judge.observe(_answer(n, scores=scores))
    assert judge.suspected
    assert not judge.crossed
    assert point.suspicion >= point.suspicion_line
    assert "drift." in "".join(point.channels)


def test_drift_rolls_back_where_the_settings_say_so() -> None:
    """The same stream is evidence if the policy allows it."""
    rng = np.random.default_rng(4)
    judge = _judge(JudgeSettings(drift_may_roll_back=True), _reference(rng))
    scores = dict.fromkeys(CHANNELS, 9.0)
    judge.observe_all([_answer(n, scores=scores) for n in range(30)])
    assert judge.crossed


def test_without_a_reference_there_is_no_suspicion() -> None:
    """Nothing to compare with is not suspicious."""
    judge = _judge()
    points = judge.observe_all([_answer(n, scores={"length": 9.0}) for n in range(20)])
    assert {point.suspicion for point in points} == {0.0}


def test_suspicion_stays_until_it_is_cleared() -> None:
    """After the drift is over, it is still known; after clearing, it is gone and starts anew."""
    rng = np.random.default_rng(5)
    judge = _judge(reference=_reference(rng))
    judge.observe_all([_answer(n, scores=dict.fromkeys(CHANNELS, 9.0)) for n in range(15)])
    ordinary = [_answer(n, scores={c: abs(rng.normal()) for c in CHANNELS}) for n in range(15, 90)]
    judge.observe_all(ordinary)
    assert judge.suspected
    judge.clear_suspicion()
    assert not judge.suspected
    assert judge.point is not None
    assert judge.point.suspicion == 0.0


def test_evidence_that_crossed_stays_crossed() -> None:
    """Good answers afterwards do not undo what was shown."""
    judge = _judge()
    judge.observe_all([_answer(n, fault=True) for n in range(8)])
    last = judge.observe_all([_answer(n) for n in range(8, 2000)])[-1]
    assert last.evidence < last.line
    assert judge.crossed


def test_a_point_says_whose_evidence_it_is() -> None:
    """Deployment, version, epoch, position, time and both lines are on every point."""
    point = _judge().observe(_answer(0))
    expected = ("support", "support@3f9a2c1d7b04", 3, 1, START, 1_000.0, 100_000.0)
    assert expected == (
        point.deployment,
        point.adapter,
        point.epoch,
        point.position,
        point.at,
        point.suspicion_line,
        point.line,
    )


def test_evidence_is_the_weighted_mean_of_its_channels() -> None:
    """The dashboard's number can be added up by hand."""
    judge = _judge(JudgeSettings(weights=HarmWeights(faults=0.6, golden=0.3, pairs=0.1)))
    judge.observe(_answer(0, fault=True, pair=-0.5))
    point = judge.observe_golden([-1.0, 0.0] * 15, 30, at=START)
    parts = point.channels
    expected = 0.6 * parts["faults"] + 0.3 * parts["golden"] + 0.1 * parts["pairs"]
    assert point.evidence == pytest.approx(expected)


def test_overwhelming_evidence_stays_a_finite_number() -> None:
    """A thousand faults and lost pairs are cut at the cap, not turned into infinity."""
    judge = _judge()
    point = judge.observe_all([_answer(n, fault=True, pair=-1.0) for n in range(1000)])[-1]
    assert 1e299 < point.evidence <= 1e300
    json.dumps(judge.state(), allow_nan=False)


def test_a_pair_out_of_range_changes_nothing() -> None:
    """The answer is refused as a whole, and can be given again in order."""
    judge = _judge()
    before = judge.state()
    with pytest.raises(ValueError, match="e0"):
        judge.observe(_answer(0, fault=True, pair=1.5))
    assert judge.state() == before


@pytest.mark.parametrize("cut", [0, 1, 25, 59])
def test_a_judge_restored_in_the_middle_goes_on_bit_for_bit(cut: int) -> None:
    """Points, state and flags equal those of a judge that never stopped."""
    rng = np.random.default_rng(6)
    reference, stream = _reference(rng), _stream(rng, 60, added=0.8)
    settings = JudgeSettings(line=500.0, suspicion_line=50.0)

    def _go_on(judge: Judge, items: list[Observation]) -> list[EvidencePoint]:
        points = judge.observe_all(items)
        return [*points, judge.observe_golden([-1.0, 0.0] * 20, 50, at=START)]

    whole, first = _judge(settings, reference), _judge(settings, reference)
    for each in (whole, first):
        _go_on(each, stream[:cut])
    saved = json.dumps(first.state(), sort_keys=True, allow_nan=False)
    second = Judge.restore(json.loads(saved), settings=settings)
    assert (second.point, second.position) == (first.point, first.position)
    assert _go_on(second, stream[cut:]) == _go_on(whole, stream[cut:])
    assert second.state() == whole.state()
    assert (second.suspected, second.crossed) == (whole.suspected, whole.crossed)


def test_a_judge_restored_before_the_first_answer_has_no_point() -> None:
    """There is nothing to draw yet."""
    judge = Judge.restore(_judge().state(), settings=JudgeSettings())
    assert judge.point is None


def test_a_state_of_another_format_is_refused() -> None:
    """A newer judge's state is not guessed at."""
    with pytest.raises(ValueError, match="format 99"):
        Judge.restore({**_judge().state(), "format": 99}, settings=JudgeSettings())


@pytest.mark.parametrize("weights", [(0.5, 0.5, 0.5), (1.2, -0.2, 0.0)])
def test_weights_that_are_no_mean_are_refused(weights: tuple[float, float, float]) -> None:
    """The promise holds for weights that sum to 1 only."""
    faults, golden, pairs = weights
    with pytest.raises(ValueError, match="sum to 1"):
        HarmWeights(faults=faults, golden=golden, pairs=pairs)


def test_settings_out_of_range_are_refused() -> None:
    """A line of 1 would cross without any evidence."""
    with pytest.raises(ValueError, match="above 1"):
        JudgeSettings(line=1.0)
    with pytest.raises(ValueError, match="drift_weight"):
        JudgeSettings(drift_weight=1.0)


def test_one_id_for_all_answers_raises_no_suspicion() -> None:
    """Callers can choose ids; ties among scores are broken anew for each answer all the same."""
    rng = np.random.default_rng(4)
    settings = JudgeSettings(suspicion_line=10_000.0)
    judge = _judge(settings, {"length": rng.integers(0, 2, 200).astype(float)})
    for n in range(300):
        scores = {"length": float(rng.integers(0, 2))}
        judge.observe(
            Observation(exchange_id="same", at=START + timedelta(seconds=n), scores=scores)
        )
    assert not judge.suspected


def _graded(n: int, grade: float) -> Observation:
    return replace(_answer(n), grade=grade)


def _with_grades(grades: list[float]) -> Judge:
    return Judge(
        deployment="support",
        epoch=3,
        adapter="support@3f9a2c1d7b04",
        settings=JudgeSettings(),
        reference=None,
        grades=grades,
    )


@pytest.mark.parametrize(("grade", "crosses"), [(0.0, True), (1.0, False)])
def test_grades_without_a_pair_are_evidence_beside_those_of_the_reference(
    grade: float, crosses: bool
) -> None:
    """Worse ones cross the line, better ones never."""
    judge = _with_grades([1.0, 0.0, 1.0, 1.0] * 25)
    judge.observe_all([_graded(n, grade) for n in range(60)])
    assert judge.crossed is crosses


def test_grades_show_nothing_where_the_reference_has_none() -> None:
    """There is nothing to compare them with, and pairs keep all of the weight."""
    judge, plain = _with_grades([]), _judge()
    point = judge.observe_all([replace(_graded(n, 0.0), pair=-0.5) for n in range(10)])[-1]
    alone = plain.observe_all([_answer(n, pair=-0.5) for n in range(10)])[-1]
    assert point.evidence == alone.evidence


def test_pairs_and_grades_share_the_weight() -> None:
    """With reference grades, pairs alone count half."""
    judge, plain = _with_grades([1.0] * 100), _judge()
    point = judge.observe_all([_answer(n, pair=-1.0) for n in range(10)])[-1]
    alone = plain.observe_all([_answer(n, pair=-1.0) for n in range(10)])[-1]
    assert point.channels["pairs"] == alone.channels["pairs"] / 2.0


def test_grades_are_named_beside_pairs() -> None:
    """Both add up to the evidence under one weight."""
    judge = _with_grades([1.0] * 100)
    point = judge.observe_all([replace(_graded(n, 0.0), pair=-0.5) for n in range(10)])[-1]
    assert point.channels["grades"] > 0.0
    added = point.channels["pairs"] + point.channels["grades"]
    expected = 0.5 * point.channels["faults"] + 0.25 * added
    assert point.evidence == pytest.approx(expected)
    assert "grades" not in _judge().observe(_graded(0, 0.0)).channels


def test_a_grade_out_of_range_changes_nothing() -> None:
    """A batch is taken in whole or not at all."""
    judge = _with_grades([1.0] * 100)
    with pytest.raises(ValueError, match="grade 2"):
        judge.observe_all([_graded(0, 0.0), _graded(1, 2.0)])
    assert judge.position == 0


def test_a_judge_with_grades_and_a_classifier_goes_on_after_a_restart() -> None:
    """Beside the same reference answers."""
    rng = np.random.default_rng(30)
    reference = _reference(rng)
    usual = UsualAnswers(
        names=CHANNELS,
        scores=np.column_stack([reference[name] for name in CHANNELS]),
        words=tuple(words.packed(f"answer {n % 13}", KEY) for n in range(150)),
    )
    judge = Judge(
        deployment="support",
        epoch=3,
        adapter=None,
        settings=JudgeSettings(),
        reference=reference,
        usual=usual,
        grades=[1.0] * 60 + [0.0] * 30,
    )
    stream = [
        replace(each, grade=float(rng.random() < 0.5), words=words.packed(f"reply {n % 7}", KEY))
        for n, each in enumerate(_stream(rng, 60))
    ]
    judge.observe_all(stream[:35])
    saved = json.loads(json.dumps(judge.state()))
    copy = Judge.restore(saved, settings=JudgeSettings(), usual=usual)
    for one, other in zip(
        judge.observe_all(stream[35:]), copy.observe_all(stream[35:]), strict=True
    ):
        assert other.evidence == pytest.approx(one.evidence, rel=1e-9)
        assert other.suspicion == pytest.approx(one.suspicion, rel=1e-4)
    assert judge.point is not None
    assert "drift.classifier" in judge.point.channels


MANY = {f"caller-{n}": 0.02 for n in range(50)}


def _flooded(rng: np.random.Generator, size: int) -> list[Observation]:
    """Return ordinary traffic of many callers, and ten times as much garbage of one."""
    reference = list(MANY)
    found = []
    for n in range(size):
        floods = rng.random() < 10 / 11
        caller = "flood" if floods else reference[int(rng.integers(50))]
        fault = floods or bool(rng.random() < 0.02)
        scores = {name: abs(rng.normal()) + (5.0 if floods else 0.0) for name in CHANNELS}
        found.append(replace(_answer(n, fault=fault, scores=scores), caller=caller))
    return found


def _guarded(cap: float, rng: np.random.Generator) -> Judge:
    return Judge(
        deployment="support",
        epoch=3,
        adapter=None,
        settings=JudgeSettings(caller_share_cap=cap),
        reference=_reference(rng),
        callers=MANY,
    )


@pytest.mark.parametrize("seed", range(3))
def test_one_caller_that_floods_garbage_rolls_nothing_back(seed: int) -> None:
    """At ten times the traffic of all others together; without the cap it does within 20 answers."""
    rng = np.random.default_rng(seed)
    stream = _flooded(rng, 3000)
    capped, free = _guarded(0.05, rng), _guarded(1.0, rng)
    point = capped.observe_all(stream)[-1]
    free.observe_all(stream[:20])
    assert not capped.crossed
    assert free.crossed
    assert point.position == 3000
    assert point.capped > 2500


@pytest.mark.parametrize("seed", range(3))
def test_bursts_of_one_caller_after_quiet_roll_nothing_back(seed: int) -> None:
    """Again and again 300 answers of the others, then 20 faulty ones in a row of one of them."""
    rng = np.random.default_rng(seed)
    judge = _guarded(0.05, rng)
    for _ in range(10):
        quiet = [
            replace(_answer(n, fault=bool(rng.random() < 0.01)), caller=f"caller-{n % 50}")
            for n in range(300)
        ]
        judge.observe_all(quiet)
        burst = [replace(_answer(n, fault=True), caller="caller-7") for n in range(20)]
        assert judge.observe_all(burst)[-1].evidence < 2000
    assert not judge.crossed


def test_a_flood_hides_no_harm_of_the_others() -> None:
    """When everybody gets faulty answers, evidence crosses although one caller is capped."""
    rng = np.random.default_rng(4)
    judge = _guarded(0.05, rng)
    judge.observe_all([replace(each, fault=True) for each in _flooded(rng, 300)])
    assert judge.crossed


def test_an_answer_that_does_not_count_gets_the_point_of_before() -> None:
    """It has a position of its own, and everything else stays."""
    judge = _guarded(0.05, np.random.default_rng(5))
    _, second, third = judge.observe_all(
        [replace(_answer(n, fault=True), caller="flood") for n in range(3)]
    )
    assert (second.capped, third.capped) == (0, 1)
    assert replace(second, position=3, at=third.at, capped=1) == third


def test_the_cap_goes_on_after_a_restart() -> None:
    """Whose answers count is what it would have been without the restart."""
    rng = np.random.default_rng(6)
    stream = _flooded(rng, 200)
    judge = _guarded(0.05, rng)
    judge.observe_all(stream[:90])
    saved = json.loads(json.dumps(judge.state()))
    copy = Judge.restore(saved, settings=JudgeSettings(caller_share_cap=0.05))
    assert copy.point == judge.point
    assert copy.observe_all(stream[90:]) == judge.observe_all(stream[90:])


def test_a_change_of_the_prompts_is_told_apart_from_drift() -> None:
    """Prompts of another category speak for a change of the traffic alone."""
    rng = np.random.default_rng(7)
    reference = {"length": np.sort(rng.normal(size=200))}
    clusters = PromptClusters(
        embedder=Embedder.fit(["one prompt", "another"]),
        centres=np.eye(2, dtype=np.float32),
        farthest=1.0,
    )
    categories = Categories(
        prompts=clusters,
        of_scores={"length": rng.integers(0, 2, size=200)},
        traffic={MIX: np.zeros(100), DISTANCE: rng.uniform(size=100)},
    )
    judge = Judge(
        deployment="support",
        epoch=1,
        adapter=None,
        settings=JudgeSettings(),
        reference=reference,
        categories=categories,
    )
    stream = [
        replace(
            _answer(n, scores={"length": float(rng.normal())}),
            category=1,
            prompt_distance=float(rng.uniform()),
        )
        for n in range(100)
    ]
    point = judge.observe_all(stream)[-1]
    assert point.suspicion < point.suspicion_line <= point.traffic
    assert point.channels[f"traffic.{MIX}"] == point.traffic
    assert not judge.suspected
    copy = Judge.restore(json.loads(json.dumps(judge.state())), settings=JudgeSettings())
    assert copy.observe_all(stream) == judge.observe_all(stream)


def test_a_pair_beside_moves_the_pairs_alone() -> None:
    """It is no answer: position, faults, drift and the golden turn stay as they are."""
    judge = _judge()
    judge.observe(_answer(1, fault=True))
    judge.observe_golden([-1.0] * 60, 60, at=START)
    before = judge.state()
    pair = replace(_answer(2, fault=True, pair=-1.0), beside=True)
    point = judge.observe_all([pair] * 30)[-1]
    after = judge.state()
    assert point.channels["pairs"] > 1e4
    assert {name for name in after if after[name] != before[name]} == {"pairs", "at"}
    assert judge.position == 1


def test_a_caller_is_capped_among_pairs_too() -> None:
    """Who asks more than its share has no more than its share of the pairs."""
    judge = Judge(
        deployment="support",
        epoch=3,
        adapter=None,
        settings=JudgeSettings(caller_share_cap=0.05),
        reference=None,
        callers={"ann": 0.01, "ben": 0.01},
    )
    pairs = [replace(_answer(n, pair=-1.0), beside=True, caller="ann") for n in range(40)]
    assert judge.observe_all(pairs)[-1].channels["pairs"] < 100.0
    assert judge.point is not None
    assert judge.point.capped == 0
