"""The judge of one deployment under one epoch: every answer counts once, for one number.

`evidence` is the mean, by fixed weights, of Shiryaev–Roberts sums against "the active version
is no worse"; each sum starts at most one new bet per exchange, so that the average run length to
a false alarm is at least the line (docs/detection.md has the proof). `suspicion` is drift, which
has no sign and a line of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards import repeated
from guards.betting import MeanDetector, RateDetector
from guards.categories import DISTANCE, MIX, Categories
from guards.drift import DriftDetector, Levels
from guards.graded import GradeDetector
from guards.share_cap import ShareCap
from guards.usual import UsualAnswers
from rollback.evidence import DRIFT, TRAFFIC, EvidencePoint
from rollback.harm import Harm
from rollback.judge_settings import JudgeSettings
from rollback.observation import Observation

_FORMAT = 6  # of the saved state
_SAME_HARM = (3, 4, 5)  # formats in which harm is what it is now


class Judge:
    """Weighs the answers of one version, from its promotion on.

    Args:
        adapter: version that is judged, `None` for the base model.
        reference: nonconformity scores (n,) of the reference answers by channel; `None` if there
            is no reference: then there is no drift, and faults count all the same.
        usual: the reference answers as a whole, for the classifier of drift.
        grades: of reference answers of the baseline; with too few, answers that are graded without
            a pair show nothing.
        categories: of the reference's prompts; `None` if there is only one.
        callers: caller (hashed) → share in the reference; empty if they are not known.
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
        categories: Categories | None = None,
        callers: Mapping[str, float] | None = None,
        position: int = 0,
    ) -> None:
        self._deployment = deployment
        self._epoch = epoch
        self._adapter = adapter
        self._settings = settings
        self._drift = DriftDetector.beside(reference or {}, usual, categories)
        self._traffic = _traffic(categories)
        self._cap = ShareCap(settings.caller_share_cap, callers or {})
        self._pairs_cap = ShareCap(settings.caller_share_cap, callers or {})
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
        _check(items)
        if not items:
            return []
        beside = np.array([item.beside for item in items], dtype=bool)
        self._may_start_golden = self._may_start_golden or not beside.all()
        counts = self._counts(items, beside)
        left_out = ~counts & ~beside
        counted = [item for item, counts_too in zip(items, counts, strict=True) if counts_too]
        seen = np.cumsum(counts, dtype=np.int64)  # how many of them had come after each answer
        harm = self._update_harm(counted, seen)
        drift, traffic = self._update_drift(counted, seen)
        capped = (self._cap.capped - left_out.sum() + np.cumsum(left_out)).tolist()
        columns = zip(
            items,
            harm,
            drift.highest,
            drift.leaders,
            traffic.highest,
            traffic.leaders,
            capped,
            strict=True,
        )
        points = []
        for item, *shown in columns:
            self._position += not item.beside
            points.append(self._draw(item.at, *shown))
        return points

    def _counts(self, items: Sequence[Observation], beside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which items count: no caller has more than its share of answers, nor of pairs."""
        counts = np.ones(len(items), dtype=bool)
        for cap, rows in ((self._cap, ~beside), (self._pairs_cap, beside)):
            callers = [items[row].caller for row in np.flatnonzero(rows).tolist()]
            counts[rows] = cap.update(callers)
        return counts

    def _update_harm(self, counted: Sequence[Observation], seen: NDArray[np.int64]) -> list[Harm]:
        """Take in the answers that count; return the harm where so many of them had come."""
        before = [[self._faults.value], [self._pairs.value], [self._graded.value]]
        after = [
            self._faults.update([None if item.beside else item.fault for item in counted]),
            self._pairs.update([item.pair for item in counted]),
            self._graded.update([item.grade for item in counted]),
        ]
        columns = [np.concatenate(both)[seen].tolist() for both in zip(before, after, strict=True)]
        golden = self._golden_value
        return [
            Harm(faults, golden, *self._quality(pairs, graded))
            for faults, pairs, graded in zip(*columns, strict=True)
        ]

    def _update_drift(
        self, counted: Sequence[Observation], seen: NDArray[np.int64]
    ) -> tuple[Levels, Levels]:
        """Take in the answers that count; return drift and traffic where so many had come."""
        before = self._drift.now, self._traffic.now
        names = [item.tie_breaker for item in counted]
        drift = self._drift.update(
            names,
            [item.scores for item in counted],
            [item.words for item in counted],
            [item.category for item in counted],
        )
        traffic = self._traffic.update(names, [_prompt(item) for item in counted])
        return drift.at(seen, before[0]), traffic.at(seen, before[1])

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
        self._traffic.restart()
        self._suspected = False
        if self._point is not None:
            self._draw_now(self._point.at)

    def begin_drift_anew(
        self,
        reference: Mapping[str, NDArray[np.float64]],
        usual: UsualAnswers | None,
        categories: Categories | None,
    ) -> None:
        """Watch for drift beside another reference from here on; all else stays as it is."""
        self._drift = DriftDetector.beside(reference, usual, categories)
        self._traffic = _traffic(categories)

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
            "traffic": self._traffic.state(),
            "callers": self._cap.state(),
            "pairs_callers": self._pairs_cap.state(),
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
        judge._restore_harm(state)
        judge._suspected = state["suspected"]
        judge._drift = DriftDetector.restore(state["drift"], usual)
        judge._traffic = DriftDetector.restore(state["traffic"])
        judge._cap.restore(state["callers"])
        judge._pairs_cap.restore(state.get("pairs_callers", state["callers"]))
        if state["at"] is not None:
            judge._draw_now(datetime.fromisoformat(state["at"]))
        return judge

    def take_over_harm(self, state: Mapping[str, Any]) -> None:
        """Go on from the position and the harm of a state of an older format; all else stays.

        Raises:
            KeyError, TypeError, ValueError: if harm was saved in another way; then the judge is of
                no use any more.
        """
        if state.get("format") not in _SAME_HARM:
            raise ValueError(f"the harm of a state of format {state.get('format')} cannot be read")
        self._restore_harm(state)
        if state["at"] is not None:
            self._draw_now(datetime.fromisoformat(state["at"]))

    def _restore_harm(self, state: Mapping[str, Any]) -> None:
        """Take position and harm of a state.

        The one golden sum of format 3 is left: its bets were not fair where answers are noisy.
        """
        self._position = state["position"]
        self._crossed = state["crossed"]
        if state["format"] > 3:
            self._golden = np.asarray(state["golden"], dtype=np.float64)
        self._may_start_golden = state["may_start_golden"]
        self._faults.restore(state["faults"])
        self._pairs.restore(state["pairs"])
        self._graded.restore(state["graded"])

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
        drift, traffic = self._drift.now, self._traffic.now
        return self._draw(
            at,
            self._harm(),
            drift.level(0),
            drift.leader(0),
            traffic.level(0),
            traffic.leader(0),
            self._cap.capped,
        )

    def _draw(
        self,
        at: datetime,
        harm: Harm,
        suspicion: float,
        leader: str | None,
        traffic: float,
        mover: str | None,
        capped: int,
    ) -> EvidencePoint:
        evidence = self._evidence(harm, suspicion)
        channels = {"faults": harm.faults, "golden": harm.golden, "pairs": harm.pairs}
        if self._graded.is_used:
            channels["grades"] = harm.grades
        if leader is not None:
            channels[f"{DRIFT}{leader}"] = suspicion
        if mover is not None:
            channels[f"{TRAFFIC}{mover}"] = traffic
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
            traffic=traffic,
            capped=capped,
        )
        return self._point


def _check(items: Sequence[Observation]) -> None:
    for item in items:
        if item.pair is not None and not -1.0 <= item.pair <= 1.0:
            raise ValueError(f"exchange {item.exchange_id}: pair {item.pair} is not in [-1, 1]")
        if item.grade is not None and not 0.0 <= item.grade <= 1.0:
            raise ValueError(f"exchange {item.exchange_id}: grade {item.grade} is not in [0, 1]")


def _prompt(item: Observation) -> Mapping[str, float]:
    """Return the scores of an answer's prompt for the channels of the traffic."""
    if item.category is None or item.prompt_distance is None:
        return {}
    return {MIX: float(item.category), DISTANCE: item.prompt_distance}


def _traffic(categories: Categories | None) -> DriftDetector:
    return DriftDetector({} if categories is None else categories.traffic)
