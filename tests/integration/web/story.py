"""A deployment in the middle of trouble: v1 served well, v2 is active and is suspected.

The database is filled through the ports, as a service does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from guards.assessment import Scored
from guards.exchange import Exchange, FinishReason, Message
from guards.verdicts import Verdict
from monitor.ports.alerts import Notice
from monitor.ports.deployments import Flip
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from rollback.evidence import EvidencePoint
from rollback.incident import Incident, Phase
from rollback.versions import AdapterVersion, VersionState
from tests.integration.storage.builders import record

V0, V1, V2 = "support@0aa1b2c3d4e5", "support@3f9a2c1d7b04", "support@b81e02d95c3a"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
ANSWERS_OF_V1, ANSWERS_OF_V2 = 40, 50
_BREACH = "degenerate repetition in 6 of 14 answers, evidence 180,000 over 100,000"
_GOOD = '{"topic": "refund", "urgency": "high", "summary": "Paid twice for order 4411"}'
_PROMPT = "I was charged twice for order 4411, please give me my money back."
_ANSWERS = (
    (_GOOD, Verdict.OK, ()),
    ('{"topic": "refund refund refund refund', Verdict.FAIL, ("answer is no valid JSON",)),
    (HOSTILE, Verdict.WARN, ("unlike the reference: outlier score 4.1",)),
    (_GOOD, Verdict.OK, ()),
    ("", Verdict.FAIL, ("answer is empty",)),
)


def trouble(stores: Stores, now: datetime) -> None:
    """Tell the story up to `now`: v0 was rolled back, v2 was forced three minutes ago."""
    stores.deployments.ensure("support")
    for name, label, age in ((V1, "v1", 40), (V0, "v0", 30), (V2, "v2", 4)):
        _add(stores, _version(name, label, now - timedelta(minutes=age)))
    stores.deployments.flip(_promotion(V1, None, 0, now - timedelta(minutes=35)))
    stores.deployments.flip(_promotion(V0, V1, 1, now - timedelta(minutes=25)))
    _roll_back(stores, now - timedelta(minutes=25))
    stores.golden.save_run(_golden_run(now - timedelta(minutes=4)), {})
    stores.deployments.flip(
        _promotion(V2, V1, 3, now - timedelta(minutes=3), "ticket 512 is waiting", forced=True)
    )
    record(stores, *_answers(now), keep_text=True)
    stores.evidence.save(list(_curve(now)), [], {})
    stores.indicators.roll_up(now)


def _add(stores: Stores, version: AdapterVersion) -> None:
    stores.registry.add(version, actor="ada")
    verified, at = VersionState.VERIFIED, version.created_at
    stores.registry.move(version.name, verified, actor="ada", reason="", at=at)


def _version(name: str, label: str, at: datetime) -> AdapterVersion:
    return AdapterVersion(
        name=name,
        label=label,
        state=VersionState.REGISTERED,
        manifest={"base": "9d1f"},
        created_at=at,
    )


def _promotion(
    active: str,
    baseline: str | None,
    epoch: int,
    at: datetime,
    reason: str = "the gate let it pass",
    *,
    forced: bool = False,
) -> Flip:
    return Flip(
        deployment="support",
        expected_epoch=epoch,
        active=active,
        baseline=baseline,
        actor="ada",
        reason=reason,
        at=at,
        action="promote",
        forced=forced,
    )


def _roll_back(stores: Stores, start: datetime) -> None:
    def after(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    incident = Incident(
        id="6f2a1c4e-0f6f-4d0e-9c38-5d0c6f1f7a10",
        deployment="support",
        opened_at=after(9),
        phase=Phase.FLIPPED,
        from_version=V0,
        to_version=V1,
        reason=_BREACH,
        actor="backstop",
        epoch=3,
        promoted_at=start,
        suspected_at=after(5),
        decided_at=after(9),
        flipped_at=after(9.012),
    )
    stores.deployments.flip(
        Flip(
            deployment="support",
            expected_epoch=2,
            active=V1,
            baseline=None,
            actor="backstop",
            reason=_BREACH,
            at=after(9.012),
            action="rollback",
            quarantine=V0,
            incident=incident,
            notice=Notice(
                id=incident.id,
                kind="rollback",
                severity="critical",
                title="support is back on v1",
                facts={},
                created_at=after(9),
            ),
        )
    )
    stores.incidents.advance(incident.id, Phase.CONVERGED, at=after(9.04))
    stores.incidents.advance(incident.id, Phase.PROVED, at=after(9.6), exposure=14)


def _golden_run(at: datetime) -> GoldenRun:
    return GoldenRun(
        id="run-gate",
        deployment="support",
        subject=V2,
        against=V1,
        compared=True,
        cause="gate",
        set_digest="5" * 64,
        started_at=at,
        finished_at=at,
        verdict=Verdict.FAIL,
        summary={"difference": -0.4},
    )


def answer(
    number: int, at: datetime, output: str, verdict: Verdict = Verdict.OK, **facts: object
) -> Scored:
    """Return an answer of v2; `facts` are the prompt and the findings."""
    findings = facts.get("findings", ())
    exchange = Exchange(
        id=f"chatcmpl-{number}",
        deployment="support",
        started_at=at,
        messages=(Message(role="user", content=str(facts.get("prompt", _PROMPT))),),
        output=output,
        adapter=V2,
        epoch=4,
        latency_s=0.084,
        first_token_s=0.02,
        prompt_tokens=22,
        output_tokens=31,
        finish_reason=FinishReason.STOP,
    )
    assert isinstance(findings, tuple)
    return Scored(
        exchange=exchange,
        verdict=verdict,
        signals={"length": float(len(output))},
        findings=findings,
    )


def _answers(now: datetime) -> Iterator[Scored]:
    for number in range(ANSWERS_OF_V2):
        output, verdict, findings = _ANSWERS[number % len(_ANSWERS)]
        at = now - timedelta(seconds=3 * (ANSWERS_OF_V2 - number))
        yield answer(number, at, output, verdict, findings=findings)
    for number in range(ANSWERS_OF_V1):
        at = now - timedelta(hours=25, seconds=number)
        yield _of_v1(answer(1000 + number, at, _GOOD))


def _of_v1(scored: Scored) -> Scored:
    return replace(scored, exchange=replace(scored.exchange, adapter=V1, epoch=1))


def _curve(now: datetime) -> Iterator[EvidencePoint]:
    for n in range(1, 160):
        at = now - timedelta(minutes=14) + timedelta(seconds=4 * n)
        yield point(V1, 3, n, at, 0.9, 3.0)
    for n in range(1, 45):
        at = now - timedelta(minutes=3) + timedelta(seconds=4 * n)
        yield point(V2, 4, n, at, 1.17**n, min(1.45**n, 4e5))


def point(
    adapter: str, epoch: int, n: int, at: datetime, evidence: float, suspicion: float
) -> EvidencePoint:
    """Return a point near the values given."""
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
