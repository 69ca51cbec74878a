"""Values for the storage tests, with everything but what a test is about filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from guards.assessment import Scored
from guards.exchange import Exchange, FinishReason, Message
from guards.verdicts import Verdict
from monitor.ports.alerts import Notice
from monitor.ports.deployments import Flip
from monitor.ports.record import Observed, ScoredBatch
from monitor.ports.stores import Stores
from rollback.evidence import EvidencePoint, JudgeState
from rollback.incident import Incident, Phase
from rollback.observation import Observation
from rollback.versions import AdapterVersion, VersionState

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
SECOND = timedelta(seconds=1)
V1, V2, V3 = "support@111111111111", "support@222222222222", "support@333333333333"


def scored(number: int, verdict: Verdict = Verdict.OK, **facts: Any) -> Scored:
    """Return an answer; `facts` are fields of the exchange."""
    exchange = Exchange(
        id=f"chatcmpl-{number}",
        deployment="support",
        started_at=NOW + number * SECOND / 100,
        messages=(Message(role="user", content=f"question {number}"),),
        output=f"answer {number}",
        adapter=V1,
        epoch=1,
        latency_s=0.5,
        first_token_s=0.1,
        prompt_tokens=12,
        output_tokens=20,
        token_logprobs=(-0.5, -1.5),
        finish_reason=FinishReason.STOP,
    )
    exchange = replace(exchange, **facts)
    likelihood = {"logprob_mean": -1.0} if exchange.token_logprobs else {}
    return Scored(
        exchange=exchange,
        verdict=verdict,
        signals={"length": 3.0, "repetition": 0.25, **likelihood},
        findings=("too short",),
    )


def observed(number: int, **facts: Any) -> Observed:
    """Return what a judge must know of `scored(number)`; `facts` are fields of the observation."""
    answer = scored(number).exchange
    plain = Observation(
        exchange_id=answer.id, at=answer.started_at, scores={"length_high": 0.1 + number}
    )
    return Observed(
        deployment=answer.deployment,
        adapter=answer.adapter,
        epoch=answer.epoch,
        own_reference=False,
        observation=replace(plain, **facts),
    )


def batch(*numbers: int, replica: str = "scorer-a", number: int = 0) -> ScoredBatch:
    """Return a batch of the answers of these numbers, each observed."""
    return ScoredBatch(
        replica=replica,
        number=number,
        scored=[scored(each) for each in numbers],
        observed=[observed(each) for each in numbers],
    )


def record(stores: Stores, *answers: Scored, keep_text: bool = False) -> None:
    """Record answers that no judge observes, in a batch of their own."""
    own = ScoredBatch(replica=uuid4().hex, number=0, scored=answers, observed=())
    stores.exchanges.record(stores.exchanges.pack(own, keep_text=keep_text))


def write(stores: Stores, given: ScoredBatch) -> None:
    """Pack and record a batch."""
    stores.exchanges.record(stores.exchanges.pack(given, keep_text=True))


def point(position: int, epoch: int = 1) -> EvidencePoint:
    """Return a point of the evidence curve."""
    return EvidencePoint(
        deployment="support",
        adapter=V1,
        epoch=epoch,
        position=position,
        at=NOW + position * SECOND,
        suspicion=1.5,
        suspicion_line=100.0,
        evidence=2.5,
        line=1000.0,
        channels={"faults": 2.5},
        traffic=3.5,
        capped=4,
    )


def state(position: int, epoch: int = 1, **content: Any) -> JudgeState:
    """Return a judge's state."""
    return JudgeState(deployment="support", epoch=epoch, position=position, state=content)


def version(name: str, label: str) -> AdapterVersion:
    """Return an adapter version as it is taken in."""
    return AdapterVersion(
        name=name,
        label=label,
        state=VersionState.REGISTERED,
        manifest={"files": {"a": {"sha256": "00" * 32, "size": 1}}},
        created_at=NOW,
    )


def add_verified(stores: Stores, new: AdapterVersion) -> None:
    """Register a version, and verify it as the engine's answers would."""
    stores.registry.add(new, actor="ann")
    stores.registry.move(new.name, VersionState.VERIFIED, actor="ann", reason="", at=NOW)


def notice(number: int, **changes: Any) -> Notice:
    """Return a notice to the chat."""
    plain = Notice(
        id=f"notice-{number}",
        kind="rollback",
        severity="critical",
        title="support is back on v1",
        facts={"deployment": "support", "exposure": 12},
        created_at=NOW,
    )
    return replace(plain, **changes)


def incident(number: int, **changes: Any) -> Incident:
    """Return an incident whose pointer has moved."""
    plain = Incident(
        id=f"incident-{number}",
        deployment="support",
        opened_at=NOW + number * SECOND,
        phase=Phase.FLIPPED,
        from_version=V2,
        to_version=V1,
        reason="evidence 1200 is over 1000",
        actor="backstop",
        epoch=3,
        evidence={"evidence": 1200.0},
        decided_at=NOW,
        flipped_at=NOW,
    )
    return replace(plain, **changes)


def promotion(active: str, baseline: str | None, epoch: int, **changes: Any) -> Flip:
    """Return the move of the pointer to `active`, at `epoch`."""
    plain = Flip(
        deployment="support",
        expected_epoch=epoch,
        active=active,
        baseline=baseline,
        actor="ann",
        reason="the gate let it pass",
        at=NOW,
        action="promote",
    )
    return replace(plain, **changes)


def rollback(epoch: int, number: int = 1) -> Flip:
    """Return the rollback from V2 to V1, at `epoch`."""
    return promotion(
        V1,
        None,
        epoch,
        actor="backstop",
        reason="evidence 1200 is over 1000",
        action="rollback",
        quarantine=V2,
        incident=incident(number, epoch=epoch + 1),
        notice=notice(number),
        evidence={"evidence": float("inf")},
    )
