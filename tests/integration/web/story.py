"""A deployment in the middle of trouble: v1 served well, v2 is active and is suspected."""

from __future__ import annotations

from datetime import datetime, timedelta

from guards.verdicts import Verdict
from monitor.ports import GoldenRun, Indicator, RecordedExchange
from rollback.audit import AuditRow
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident, Phase
from rollback.versions import AdapterVersion, VersionState
from tests.integration.web.memory import Memory

V0, V1, V2 = "support@0aa1b2c3d4e5", "support@3f9a2c1d7b04", "support@b81e02d95c3a"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def trouble(now: datetime) -> Memory:
    """Return the memory of a service in which v2 was promoted three minutes ago."""
    promoted = now - timedelta(minutes=3)
    return Memory(
        pointers={
            "support": Deployment(
                name="support", active=V2, baseline=V1, epoch=4, promoted_at=promoted
            )
        },
        adapters=_adapters(now),
        points=_curve(now, promoted),
        answers=_answers(now),
        measured=_indicators(now),
        breaches=[_earlier_incident(now)],
        golden_runs=[_golden_run(now)],
        acts=_acts(now),
    )


def _adapters(now: datetime) -> list[AdapterVersion]:
    rows = (
        (V0, "v0", VersionState.QUARANTINED, "degenerate repetition", 30),
        (V1, "v1", VersionState.RETIRED, "replaced by v2", 20),
        (V2, "v2", VersionState.ACTIVE, "forced by ada: ticket 512 is waiting", 4),
    )
    return [
        AdapterVersion(
            name=name,
            label=label,
            state=state,
            reason=reason,
            manifest={"base": "9d1f"},
            created_at=now - timedelta(minutes=age),
        )
        for name, label, state, reason, age in rows
    ]


def _curve(now: datetime, promoted: datetime) -> list[EvidencePoint]:
    calm = [
        _point(V1, 3, n, now - timedelta(minutes=14) + timedelta(seconds=4 * n), 0.9, 3.0)
        for n in range(1, 160)
    ]
    rising = [
        _point(V2, 4, n, promoted + timedelta(seconds=4 * n), 1.17**n, min(1.45**n, 4e5))
        for n in range(1, 45)
    ]
    return calm + rising


def _point(
    adapter: str, epoch: int, n: int, at: datetime, evidence: float, suspicion: float
) -> EvidencePoint:
    wobble = 1 + 0.4 * ((n * 7) % 5 - 2) / 2
    return EvidencePoint(
        deployment="support",
        adapter=adapter,
        epoch=epoch,
        position=n,
        at=at,
        suspicion=suspicion * wobble,
        suspicion_line=1_000.0,
        evidence=evidence * wobble,
        line=100_000.0,
        channels={"faults": evidence},
    )


def _answers(now: datetime) -> list[RecordedExchange]:
    good = '{"topic": "refund", "urgency": "high", "summary": "Paid twice for order 4411"}'
    outputs = (
        (good, Verdict.OK, ()),
        ('{"topic": "refund refund refund refund', Verdict.FAIL, ("answer is no valid JSON",)),
        (HOSTILE, Verdict.WARN, ("unlike the reference: outlier score 4.1",)),
        (good, Verdict.OK, ()),
        ("", Verdict.FAIL, ("answer is empty",)),
    )
    return [
        RecordedExchange(
            id=f"chatcmpl-{number}",
            deployment="support",
            adapter=V2,
            epoch=4,
            started_at=now - timedelta(seconds=3 * (15 - number)),
            verdict=verdict,
            findings=findings,
            signals={"length": float(len(output))},
            latency_s=0.084,
            output_tokens=31,
            finish_reason="stop",
            error=None,
            prompt="I was charged twice for order 4411, please give me my money back.",
            output=output,
        )
        for number in range(15)
        for output, verdict, findings in (outputs[number % len(outputs)],)
    ]


def _indicators(now: datetime) -> list[Indicator]:
    rows = (("latency_p95_s", 0.12, 0.1), ("fault_rate", 0.4, 0.0), ("exchanges", 50.0, 40.0))
    return [
        Indicator(
            deployment="support", adapter=adapter, bucket=bucket, name=name, value=value, count=n
        )
        for name, value, before in rows
        for adapter, bucket, value, n in (
            (V2, now - timedelta(minutes=2), value, 50),
            (V1, now - timedelta(hours=25), before, 40),
        )
    ]


def _earlier_incident(now: datetime) -> Incident:
    start = now - timedelta(minutes=25)

    def after(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    return Incident(
        id="6f2a1c4e-0f6f-4d0e-9c38-5d0c6f1f7a10",
        deployment="support",
        opened_at=after(9),
        phase=Phase.PROVED,
        from_version=V0,
        to_version=V1,
        reason="degenerate repetition in 6 of 14 answers, evidence 180,000 over 100,000",
        actor="backstop",
        epoch=2,
        promoted_at=start,
        suspected_at=after(5),
        decided_at=after(9),
        flipped_at=after(9.012),
        converged_at=after(9.04),
        proved_at=after(9.6),
        exposure=14,
    )


def _golden_run(now: datetime) -> GoldenRun:
    return GoldenRun(
        id="run-gate",
        deployment="support",
        subject=V2,
        against=V1,
        compared=True,
        cause="gate",
        set_digest="5" * 64,
        started_at=now - timedelta(minutes=4),
        finished_at=now - timedelta(minutes=4),
        verdict=Verdict.FAIL,
        summary={"difference": -0.4},
    )


def _acts(now: datetime) -> list[AuditRow]:
    return [
        AuditRow(
            seq=seq,
            at=now,
            actor="ada",
            action="promote",
            subject=V2,
            payload={},
            previous="0" * 64,
            hash=f"{seq:064x}",
        )
        for seq in (1, 2, 3)
    ]
