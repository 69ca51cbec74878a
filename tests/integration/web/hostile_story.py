"""Words that are made to do harm, in every field that somebody else writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from guards.exchange import Message
from guards.verdicts import Verdict
from monitor.ports.alerts import Notice
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from rollback.incident import Incident, Phase
from rollback.versions import AdapterVersion, VersionState
from tests.integration.storage.builders import record
from tests.integration.web.story import HOSTILE, V1, V2, answer

STEERING = "\x1b[2J\x1b]0;owned\x07 \u202e\u2066\u200f"
LONG = "x" * 1_000_000
TEXTS = (
    HOSTILE,
    STEERING,
    "a\0b",
    "half \ud800 a pair",
    LONG,
    "{{ 7*7 }} {% raw %}",
    "'; DROP --",
    "@everyone <!channel> [link](javascript:alert(1))",
)


def hostile_answers(stores: Stores, now: datetime) -> None:
    """Record an answer of each text, everywhere a text may stand."""
    for number, text in enumerate(TEXTS, start=5000):
        plain = answer(number, now, text, Verdict.WARN, prompt=text, findings=(text,))
        messages = (Message(role=text, content=text),)
        hostile = replace(
            plain,
            exchange=replace(
                plain.exchange,
                messages=messages,
                error=text if number % 2 else None,
                caller=text,
                tags={text: text},
            ),
            signals={text: 1.0, "nan": float("nan")},
        )
        record(stores, hostile, keep_text=True)


def hostile(stores: Stores, now: datetime) -> None:
    """Put each text into answers, incidents, versions, golden runs, notices, runs and acts."""
    hostile_answers(stores, now)
    for number, text in enumerate(TEXTS):
        at = now - timedelta(minutes=number, hours=2)
        _incident(stores, text, at)
        _version(stores, number, text, at)
        _golden_run(stores, text, at)
        stores.audit.append(
            actor=text[:1000], action="note", subject=text, payload={"reason": text}, at=at
        )
        stores.outbox.put(_notice(text[:10_000], at))
        stores.acknowledgements.acknowledge(f"replica-{number}", {"support": number}, at)
        stores.schedule.insert(f"job {number}", at)
    run = stores.schedule.claim("worker", now, timedelta(minutes=5))
    assert run is not None
    stores.schedule.finish(run, now, error=HOSTILE)


def _notice(text: str, at: datetime) -> Notice:
    told = text.encode("utf-8", "replace").decode().replace("\0", "?")
    return Notice(
        id=str(uuid4()), kind="suspicion", severity="warning", title=told, facts={}, created_at=at
    )


def _incident(stores: Stores, text: str, at: datetime) -> None:
    incident = Incident(
        id=str(uuid4()),
        deployment="support",
        opened_at=at,
        phase=Phase.FROZEN,
        from_version=V2,
        to_version=V1,
        reason=text,
        actor="backstop",
        epoch=1,
        evidence={"evidence": 5.0},
    )
    stores.incidents.open(incident, _notice("frozen", at))


def _version(stores: Stores, number: int, text: str, at: datetime) -> None:
    version = AdapterVersion(
        name=f"support@{number:012x}",
        label="",
        state=VersionState.REGISTERED,
        manifest={"base": "9d1f"},
        created_at=at,
        parent=V1,
        facts={"notes": text[:1000].encode("utf-8", "replace").decode().replace("\0", "?")},
    )
    stores.registry.add(version, actor="ada")
    stores.registry.move(version.name, VersionState.QUARANTINED, actor="ada", reason=text, at=at)


def _golden_run(stores: Stores, text: str, at: datetime) -> None:
    run = GoldenRun(
        id=str(uuid4()),
        deployment="support",
        subject=V2,
        against=V1,
        compared=True,
        cause=text,
        set_digest="5" * 64,
        started_at=at,
        finished_at=at,
        verdict=None,
    )
    stores.golden.save_run(run, {})
