"""What the answers of one deployment are held against, under one epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from guards.constancy import ConstantAnswers
from guards.exchange import Exchange
from guards.reference import Reference
from monitor.ports.evidence import Yardsticks
from monitor.runtime.references import reference_of
from monitor.runtime.wrong_answers import Learnt, wrong_answers_of
from rollback.deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A version's first answers under an epoch, enough of them to make its reference of."""

    deployment: str
    version: str | None
    epoch: int
    answers: Sequence[Exchange]


@dataclass(slots=True, kw_only=True)
class Yardstick:
    """A deployment's pointers as far as scoring goes, and the state that its live answers move on.

    Args:
        confirmed: whether the active version is held against its own reference.
        baseline: version that the active one is compared with on the same prompts, if there is one.
        wrong: what the active version's golden runs taught of wrong answers, if anything.
        wanted: answers that are still to be gathered for a reference of its own.
        first: the answers gathered: all that are whole, also faulty ones, lest it looks too good.
    """

    deployment: str
    active: str | None
    epoch: int
    confirmed: bool
    reference: Reference | None
    constant: ConstantAnswers
    baseline: str | None = None
    wrong: Learnt = field(default_factory=Learnt)
    wanted: int = 0
    first: list[Exchange] = field(default_factory=list)

    def is_of(self, deployment: Deployment) -> bool:
        """Whether it is still right for a deployment, or for a later state of it."""
        if self.epoch != deployment.epoch:
            return self.epoch > deployment.epoch
        return self.confirmed or not deployment.confirmed

    def is_live(self, exchange: Exchange) -> bool:
        """Whether an answer is the active version's own, in live traffic under the present epoch."""
        return (
            exchange.epoch == self.epoch
            and exchange.adapter == self.active
            and "shadow_of" not in exchange.tags
        )

    def caller(self, exchange: Exchange) -> str | None:
        """Return the caller, hashed as in the reference; `None` is unknown."""
        return None if self.reference is None else self.reference.caller(exchange.caller)

    def gather(self, live: Sequence[Exchange]) -> Gathered | None:
        """Keep live answers for the version's own reference; return them once they are enough."""
        if not self.wanted:
            return None
        whole = [exchange for exchange in live if exchange.is_complete][: self.wanted]
        self.first += whole
        self.wanted -= len(whole)
        if self.wanted:
            return None
        answers, self.first = self.first, []
        return Gathered(
            deployment=self.deployment, version=self.active, epoch=self.epoch, answers=answers
        )


def open_for(deployment: Deployment, evidence: Yardsticks, reference_size: int) -> Yardstick:
    """Return the yardstick of a deployment as it is stored. Raises `Unavailable`."""
    reference = reference_of(evidence, deployment)
    wants_own = (
        not deployment.confirmed
        and deployment.active is not None
        and evidence.drafted(deployment.name, deployment.epoch) is None
    )
    return Yardstick(
        deployment=deployment.name,
        active=deployment.active,
        epoch=deployment.epoch,
        confirmed=deployment.confirmed,
        reference=reference,
        constant=_constant(reference),
        baseline=deployment.baseline,
        wrong=wrong_answers_of(evidence, deployment),
        wanted=reference_size if wants_own else 0,
    )


def without_pointers(exchange: Exchange) -> Yardstick:
    """Return a yardstick for an epoch of which nothing is known yet but that it answers.

    Then there is no reference: faults alone count, which need none.
    """
    return Yardstick(
        deployment=exchange.deployment,
        active=exchange.adapter,
        epoch=exchange.epoch,
        confirmed=False,
        reference=None,
        constant=ConstantAnswers(),
    )


def _constant(reference: Reference | None) -> ConstantAnswers:
    if reference is None:
        return ConstantAnswers()
    return ConstantAnswers.for_share(reference.commonest_share)
