"""The judge of one deployment under one epoch: every answer counts once, for one number.

`evidence` is the mean, by fixed weights, of Shiryaev–Roberts sums against "the active version
is no worse"; each sum starts at most one new bet per exchange, so that the average run length to
a false alarm is at least the line (docs/detection.md has the proof). `suspicion` is drift, which
has no sign and a line of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards import repeated
from guards.betting import MeanDetector, RateDetector
from guards.drift import DriftDetector
from guards.graded import GradeDetector
from guards.usual import UsualAnswers
from rollback.evidence import EvidencePoint

DRIFT_WEIGHT = 0.2  # of drift beside harm, where it may roll back
_FORMAT = 4  # of the saved state


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmWeights:
    """Weights of the channels that show harm; non-negative, sum 1.

    Raises:
        ValueError: if they are not.
    """

    faults: float = 0.5
    golden: float = 0.25
    pairs: float = 0.25

    def __post_init__(self) -> None:
        values = (self.faults, self.golden, self.pairs)
        if min(values) < 0.0 or not math.isclose(sum(values), 1.0):
            raise ValueError(f"weights {values} must not be negative and must sum to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """What the policy says about judging.

    Args:
        line: 1/α, average run length to a false rollback in exchanges; above 1.
        suspicion_line: 1/α for drift: P(alarm within n exchanges) ≤ n·α, and an average run length
            of at least half of 1/α, by the union bound over its channels.
        fault_rate_tolerated: in (0, 1).
        margin: in [0, 1), how much lower mean grades are tolerated.
        min_golden_cases: golden sets smaller than this are no evidence.
        drift_may_roll_back: whether drift counts as evidence, with `drift_weight`. Then `line` has
            the union bound's promise too: P(alarm within n) ≤ n·α, run length at least half of 1/α.

    Raises:
        ValueError: if a number is out of its range.
    """

    line: float = 100_000.0
    suspicion_line: float = 1_000.0
    fault_rate_tolerated: float = 0.05
    margin: float = 0.05
    min_golden_cases: int = 20
    weights: HarmWeights = field(default_factory=HarmWeights)
    drift_may_roll_back: bool = False
    drift_weight: float = DRIFT_WEIGHT

    def __post_init__(self) -> None:
        if min(self.line, self.suspicion_line) <= 1.0:
            raise ValueError("the lines of evidence and suspicion must be above 1")
        if not 0.0 < self.drift_weight < 1.0:
            raise ValueError(f"drift_weight {self.drift_weight} must lie between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is known about one answer.

    Args:
        scores: nonconformity scores by channel, large is odd; NaN or missing is unknown.
        pair: grade less the baseline's grade for the same prompt, in [-1, 1]; `None` is unknown.
        grade: in [0, 1] where somebody graded the answer.
        words: features of its text (`guards.words`), for the classifier; `None` is unknown.
    """

    exchange_id: str
    at: datetime
    scores: Mapping[str, float] = field(default_factory=dict)
    fault: bool = False
    pair: float | None = None
    grade: float | None = None
    words: bytes | None = None


class Judge:
    """Weighs the answers of one version, from its promotion on.

    Args:
        adapter: version that is judged, `None` for the base model.
        reference: nonconformity scores (n,) of the reference answers by channel; `None` if there
            is no reference: then there is no drift, and faults count all the same.
        usual: the reference answers as a whole, for the classifier of drift.
        grades: of reference answers of the baseline; with too few, answers that are graded without
            a pair show nothing.
        position: exchanges of this epoch that were judged before, against another reference.
    """

    def __init__(
        self,
        *,
        deployment: str,
        epoch: int,
        adapter: str | None,
        settings: JudgeSettings,
        reference: Mapping[str, NDArray[np.float64]] | None,
        usual: UsualAnswers | None = None,
        grades: Sequence[float] | NDArray[np.float64] = (),
        position: int = 0,
    ) -> None:
        self._deployment = deployment
        self._epoch = epoch
        self._adapter = adapter
        self._settings = settings
        self._drift = DriftDetector(reference or {}, usual)
        self._faults = RateDetector(settings.fault_rate_tolerated)
        self._pairs = MeanDetector(settings.margin)
        self._graded = GradeDetector(grades, settings.margin)
        self._golden = repeated.nothing()
        self._may_start_golden = True
        self._position = position
        self._suspected = False
        self._crossed = False
        self._point: EvidencePoint | None = None

    @property
    def position(self) -> int:
        """How many exchanges have been judged."""
        return self._position

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of drift that are watched, in the order of their names."""
        return self._drift.channels

    @property
    def suspected(self) -> bool:
        """Whether suspicion has reached its line since the start or `clear_suspicion`."""
        return self._suspected

    @property
    def crossed(self) -> bool:
        """Whether evidence has ever reached its line."""
        return self._crossed

    @property
    def point(self) -> EvidencePoint | None:
        """The latest evidence; `None` before the first observation."""
        return self._point

    def observe(self, item: Observation) -> EvidencePoint:
        """Take in one answer, as `observe_all` does."""
        return self.observe_all([item])[0]

    def observe_all(self, items: Sequence[Observation]) -> list[EvidencePoint]:
        """Take in answers in order; return the evidence after each.

        How a stream is cut into batches changes nothing but the last digits.

        Raises:
            ValueError: if a `pair` is outside [-1, 1], or a `grade` outside [0, 1]; then nothing
                has changed.
        """
        for item in items:
            if item.pair is not None and not -1.0 <= item.pair <= 1.0:
                raise ValueError(f"exchange {item.exchange_id}: pair {item.pair} is not in [-1, 1]")
            if item.grade is not None and not 0.0 <= item.grade <= 1.0:
                raise ValueError(
                    f"exchange {item.exchange_id}: grade {item.grade} is not in [0, 1]"
                )
        if not items:
            return []
        self._may_start_golden = True
        faults = self._faults.update([item.fault for item in items]).tolist()
        pairs = self._pairs.update([item.pair for item in items])
        graded = self._graded.update([item.grade for item in items])
        levels = self._drift.update(
            [_name(item) for item in items],
            [item.scores for item in items],
            [item.words for item in items],
        )
        points, golden = [], self._golden_value
        for row, item in enumerate(items):
            self._position += 1
            quality = self._quality(float(pairs[row]), float(graded[row]))
            harm = Harm(faults[row], golden, *quality)
            points.append(self._draw(item.at, harm, levels.level(row), levels.leader(row)))
        return points

    def observe_golden(
        self, differences: Sequence[float], set_size: int, *, at: datetime
    ) -> EvidencePoint:
        """Take in a golden run; return the evidence after it.

        The run counts with its e-values (`guards.repeated.bets`), which are fair whatever earlier
        runs of the set have told, so runs add to a sum as answers do. A run counts only
        if an answer came since the last one that did: no more than one new bet per exchange.

        Args:
            differences: grade less the baseline's per case, in random order; of a run that
                stopped early, those that were asked.
            set_size: cases in the set. Sets under `min_golden_cases` are no evidence.

        Raises:
            ValueError: if a difference is outside [-1, 1], or there are more than `set_size`.
        """
        won = repeated.bets(differences, self._settings.margin, set_size)
        enough = len(differences) > 0 and set_size >= self._settings.min_golden_cases
        if self._may_start_golden and enough:
            self._golden = repeated.accumulated(self._golden, won)
            self._may_start_golden = False
        return self._draw_now(at)

    def clear_suspicion(self) -> None:
        """Take back the suspicion: drift was found harmless, and starts anew from here."""
        self._drift.restart()
        self._suspected = False
        if self._point is not None:
            self._draw_now(self._point.at)

    def begin_drift_anew(
        self, reference: Mapping[str, NDArray[np.float64]], usual: UsualAnswers | None
    ) -> None:
        """Watch for drift beside another reference from here on; all else stays as it is."""
        self._drift = DriftDetector(reference, usual)

    def state(self) -> dict[str, Any]:
        """Return everything that later evidence depends on, as JSON."""
        return {
            "format": _FORMAT,
            "deployment": self._deployment,
            "epoch": self._epoch,
            "adapter": self._adapter,
            "position": self._position,
            "at": self._point.at.isoformat() if self._point else None,
            "suspected": self._suspected,
            "crossed": self._crossed,
            "golden": self._golden.tolist(),
            "may_start_golden": self._may_start_golden,
            "faults": self._faults.state(),
            "pairs": self._pairs.state(),
            "graded": self._graded.state(),
            "drift": self._drift.state(),
        }

    @classmethod
    def restore(
        cls,
        state: Mapping[str, Any],
        *,
        settings: JudgeSettings,
        usual: UsualAnswers | None = None,
    ) -> Judge:
        """Return the judge as it was when `state` was taken.

        Args:
            usual: the reference answers that the judge had then; beside others, or none, the
                classifier of drift falls silent.

        Raises:
            ValueError: if the state was written in another format.
        """
        if state.get("format") != _FORMAT:
            raise ValueError(f"a judge's state of format {state.get('format')} cannot be read")
        judge = cls(
            deployment=state["deployment"],
            epoch=state["epoch"],
            adapter=state["adapter"],
            settings=settings,
            reference=None,
        )
        judge._position = state["position"]
        judge._suspected = state["suspected"]
        judge._crossed = state["crossed"]
        judge._golden = np.asarray(state["golden"], dtype=np.float64)
        judge._may_start_golden = state["may_start_golden"]
        judge._faults.restore(state["faults"])
        judge._pairs.restore(state["pairs"])
        judge._graded.restore(state["graded"])
        judge._drift = DriftDetector.restore(state["drift"], usual)
        if state["at"] is not None:
            judge._draw_now(datetime.fromisoformat(state["at"]))
        return judge

    @property
    def _golden_value(self) -> float:
        return float(repeated.value(self._golden))

    def _harm(self) -> Harm:
        quality = self._quality(self._pairs.value, self._graded.value)
        return Harm(self._faults.value, self._golden_value, *quality)

    def _quality(self, pairs: float, graded: float) -> tuple[float, float]:
        """Return the halves that pairs and grades add; without reference grades pairs count whole."""
        return (pairs / 2.0, graded / 2.0) if self._graded.is_used else (pairs, 0.0)

    def _evidence(self, harm: Harm, drift: float) -> float:
        total = harm.weighted(self._settings.weights)
        if not self._settings.drift_may_roll_back:
            return total
        share = self._settings.drift_weight
        return max((1.0 - share) * total, share * drift)

    def _draw_now(self, at: datetime) -> EvidencePoint:
        levels = self._drift.now
        return self._draw(at, self._harm(), levels.level(0), levels.leader(0))

    def _draw(
        self, at: datetime, harm: Harm, suspicion: float, leader: str | None
    ) -> EvidencePoint:
        evidence = self._evidence(harm, suspicion)
        channels = {"faults": harm.faults, "golden": harm.golden, "pairs": harm.pairs}
        if self._graded.is_used:
            channels["grades"] = harm.grades
        if leader is not None:
            channels[f"drift.{leader}"] = suspicion
        self._suspected = self._suspected or suspicion >= self._settings.suspicion_line
        self._crossed = self._crossed or evidence >= self._settings.line
        self._point = EvidencePoint(
            deployment=self._deployment,
            adapter=self._adapter,
            epoch=self._epoch,
            position=self._position,
            at=at,
            suspicion=suspicion,
            suspicion_line=self._settings.suspicion_line,
            evidence=evidence,
            line=self._settings.line,
            channels=channels,
        )
        return self._point


def _name(item: Observation) -> str:
    """Return what breaks ties between an answer and others.

    With the time: callers can choose the id of an answer (vLLM makes it of `X-Request-Id`), and
    equal ids would break all ties alike, which a sound version can look drifted by.
    """
    return f"{item.exchange_id} {item.at.timestamp()}"


@dataclass(frozen=True, slots=True)
class Harm:
    """What the channels that show harm have won, each at least 0.

    Args:
        pairs, grades: of graded answers; they add up under one weight.
    """

    faults: float
    golden: float
    pairs: float
    grades: float

    def weighted(self, weights: HarmWeights) -> float:
        """Return the mean of the sums."""
        return (
            weights.faults * self.faults
            + weights.golden * self.golden
            + weights.pairs * (self.pairs + self.grades)
        )
