"""The frozen reference: what usual answers look like, and how odd new ones are beside them.

Ranks of new scores among the reference's scores are valid p-values if the two are exchangeable
as long as the model does not change. Scores that are a signal's own value are, with no more ado.
The outlier score is fitted, and answers that it was fitted on would look too usual: so a random
half of the answers (the *proper* half) fixes embedder and neighbours, and only the other half
(the *calibration* half) gives reference scores, made exactly as those of new answers are (split
conformal; Papadopoulos et al., 2002).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import archive, binomial, channels, constancy, explanation, faults, share_cap, words
from guards.categories import Categories
from guards.exchange import Exchange
from guards.layout import Layout
from guards.novelty import Embed, Embedded, Novelty, fit_split
from guards.signals import catalogue
from guards.signals.catalogue import SignalTable
from guards.signals.signal import Values
from guards.surprise import Scale, scale_of, surprise
from guards.usual import UsualAnswers

SMALLEST = 40  # comparable answers, so that each half still has 20
_FEWEST_DEFINED = 10  # values that a channel needs
FORMAT = 2
_CONFIDENCE = 0.99


class TooFewAnswers(ValueError):
    """A reference needs at least 40 answers that are whole and free of engine errors."""


class UnreadableReference(ValueError):
    """The bytes are no reference, or one of another format: freeze the reference again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """Usual answers, frozen.

    Args:
        channels: nonconformity scores of the reference answers by channel, sorted; large is odd.
        surprise: sorted, of the calibration half (`guards.surprise`).
        fault_rate_bound: upper 99 % confidence bound of the share of faulty answers (Clopper and
            Pearson, 1934). Where it is above the rate that the policy tolerates, faults are usual
            here (callers who ask for few tokens, say), and only more than that is news.
        commonest_share: share of the commonest answer, for `ConstantAnswers.for_share`.
        size: answers that the reference was made of.
        usual: the answers as a whole, in random order, with the key of their words; `None` in a
            reference of before there were.
        grades: of the whole answers that somebody graded, failed ones included: those of a stream
            are handed over just so.
        categories: of the prompts; `None` if there is only one.
        callers: caller (hashed, see `caller`) → share of the answers; empty if none is known.
        surprise_scale: of `surprise`; `None` in a reference of before there was one.
    """

    channels: Mapping[str, Values]
    surprise: Values
    fault_rate_bound: float
    commonest_share: float
    size: int
    novelty: Novelty
    usual: UsualAnswers | None = None
    grades: Values = field(default_factory=lambda: np.empty(0))
    categories: Categories | None = None
    callers: Mapping[str, float] = field(default_factory=dict)
    surprise_scale: Scale | None = None

    @classmethod
    def fit(
        cls,
        exchanges: Sequence[Exchange],
        *,
        seed: int,
        key: bytes = b"",
        embed: Embed | None = None,
    ) -> Self:
        """Freeze a reference; the same exchanges, seed, key and vectors give the same one.

        Answers that are incomplete are left out, and of the scores also those that an engine error
        ended.

        Args:
            key: up to 64 secret bytes, under which words of answers are hashed; to be left out only
                where nothing is kept.
            embed: returns a model's vectors of texts, or `None` if the model is away. Then, and
                without `embed`, the weight-free embedder is fitted.

        Raises:
            TooFewAnswers: if fewer than 40 answers are left.
        """
        usual = [exchange for exchange in exchanges if is_comparable(exchange)]
        if len(usual) < SMALLEST:
            raise TooFewAnswers(
                f"a reference needs at least {SMALLEST} whole answers and got {len(usual)}: "
                "wait for more traffic"
            )
        order = np.random.default_rng(seed).permutation(len(usual))
        proper, calibration = order[: len(usual) // 2], order[len(usual) // 2 :]
        texts = [exchange.output for exchange in usual]
        scores = channels.signal_scores(catalogue.table(usual))
        scores[channels.OUTLIER] = np.full(len(usual), np.nan)
        ids = [usual[index].id for index in proper]
        novelty, scores[channels.OUTLIER][calibration] = fit_split(
            [texts[i] for i in proper], [texts[i] for i in calibration], ids, embed
        )
        kept = {name: _defined(values) for name, values in scores.items()}
        kept = {name: values for name, values in kept.items() if len(values) >= _FEWEST_DEFINED}
        prompts = [exchange.prompt for exchange in usual]
        categories, placed = Categories.fit(
            prompts, {name: scores[name] for name in kept}, order, seed=seed
        )
        calibrating = {name: scores[name][calibration] for name in kept}
        scale = scale_of(kept, calibrating)
        return cls(
            channels=kept,
            surprise=np.sort(surprise(kept, calibrating, scale, own=True)),
            surprise_scale=scale,
            fault_rate_bound=_fault_rate_bound(exchanges),
            commonest_share=constancy.commonest_share(texts),
            size=len(usual),
            novelty=novelty,
            usual=UsualAnswers.of(
                texts,
                {name: scores[name] for name in kept},
                order,
                key,
                placed,
            ),
            grades=_grades(exchanges),
            categories=categories,
            callers=share_cap.shares(
                each.caller and share_cap.hashed(each.caller, key) for each in exchanges
            ),
        )

    def scores(
        self, exchanges: Sequence[Exchange], embedded: Embedded | None = None
    ) -> dict[str, Values]:
        """Return nonconformity scores of shape (n,) by channel; large is odd.

        NaN where a signal is undefined, and throughout for answers that are not comparable.

        Args:
            embedded: the answers' vectors by a model; a reference that embeds for itself needs none.
        """
        return self.scores_of(catalogue.table(exchanges), exchanges, embedded)

    def scores_of(
        self,
        table: SignalTable,
        exchanges: Sequence[Exchange],
        embedded: Embedded | None = None,
    ) -> dict[str, Values]:
        """Return what `scores` does, for exchanges whose signals are there already."""
        comparable = np.array([is_comparable(exchange) for exchange in exchanges], dtype=bool)
        scores = channels.signal_scores(table)
        texts = [each.output for each in exchanges]
        scores[channels.OUTLIER] = self.novelty.scores(texts, embedded)
        return {name: np.where(comparable, scores[name], np.nan) for name in self.channels}

    def outlier_p_values(self, scores: Mapping[str, Values]) -> Values:
        """Return p-values of shape (n,) of answers over all channels; NaN without scores.

        The least possible value is 1 / (calibration answers + 1).
        """
        return channels.p_values(
            self.surprise, surprise(self.channels, scores, self.surprise_scale)
        )

    def nearest(self, output: str, embedded: Embedded | None = None) -> tuple[str, ...]:
        """Return ids of the reference answers nearest to an answer, where a vector of it is known."""
        return self.novelty.nearest(output, embedded)

    def words(self, outputs: Layout) -> Sequence[bytes | None]:
        """Return the words of answers for the classifier, hashed with the reference's own key."""
        if self.usual is None:
            return [None] * len(outputs.texts)
        return words.packed_all(outputs, self.usual.key)

    def caller(self, name: str | None) -> str | None:
        """Return a caller hashed with the reference's own key; `None` where none is known."""
        if name is None or self.usual is None or not self.callers:
            return None
        return share_cap.hashed(name, self.usual.key)

    def explain_scores(self, scores: Mapping[str, float], *, at_most: int = 3) -> tuple[str, ...]:
        """Return in words what is rarest about an answer by its scores, rarest first."""
        defined = {name: score for name, score in scores.items() if not math.isnan(score)}
        return explanation.rarest(self.channels, defined, at_most=at_most)

    def to_bytes(self) -> bytes:
        """Return the reference as an npz archive without pickled objects."""
        description = {
            "format": FORMAT,
            "fault_rate_bound": self.fault_rate_bound,
            "commonest_share": self.commonest_share,
            "size": self.size,
            "callers": dict(self.callers),
        }
        arrays = {
            "surprise": self.surprise,
            **({} if self.surprise_scale is None else {"surprise_scale": self.surprise_scale}),
            "grades": self.grades,
            **archive.prefixed("channels", self.channels),
            **archive.prefixed("novelty", self.novelty.to_arrays()),
            **({} if self.usual is None else archive.prefixed("usual", self.usual.to_arrays())),
            **(
                {}
                if self.categories is None
                else archive.prefixed("categories", self.categories.to_arrays())
            ),
        }
        return archive.pack(description, arrays)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Return the reference that gave the bytes. Raises `UnreadableReference`."""
        try:
            description, arrays = archive.unpack(payload)
            if description["format"] != FORMAT:
                raise UnreadableReference(f"format {description['format']} is not {FORMAT}")
            return cls(
                channels=archive.under("channels", arrays),
                surprise=arrays["surprise"],
                fault_rate_bound=description["fault_rate_bound"],
                commonest_share=description["commonest_share"],
                size=description["size"],
                novelty=Novelty.from_arrays(archive.under("novelty", arrays)),
                usual=_usual(archive.under("usual", arrays)),
                grades=arrays.get("grades", np.empty(0)),
                categories=Categories.from_arrays(archive.under("categories", arrays)),
                callers=description.get("callers", {}),
                surprise_scale=arrays.get("surprise_scale"),
            )
        except (archive.UnreadableArchive, KeyError) as error:
            raise UnreadableReference(f"the bytes are no reference: {error}") from error


def is_comparable(exchange: Exchange) -> bool:
    """Return whether an answer says something about the model: it is whole, without an error."""
    return exchange.is_complete and not faults.has_failed(exchange)


def _usual(arrays: Mapping[str, NDArray[Any]]) -> UsualAnswers | None:
    # Words without a key are of before there were keys: no new words may be laid beside them.
    return UsualAnswers.from_arrays(arrays) if "key" in arrays else None


def _defined(values: Values) -> Values:
    return np.sort(values[~np.isnan(values)])


def _grades(exchanges: Sequence[Exchange]) -> Values:
    known = [each.grade for each in exchanges if each.is_complete and each.grade is not None]
    return np.array(known, dtype=float)


def _fault_rate_bound(exchanges: Sequence[Exchange]) -> float:
    complete = [exchange for exchange in exchanges if exchange.is_complete]
    faulty = sum(1 for exchange in complete if faults.faults(exchange))
    return binomial.upper_bound(faulty, len(complete), confidence=_CONFIDENCE)
