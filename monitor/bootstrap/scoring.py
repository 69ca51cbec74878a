"""Puts the scorer's half together: from what is handed over to the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from guards.declared import Declared
from guards.worth import Source as WorthSource
from monitor.bootstrap import embedding, own_signals
from monitor.bootstrap.own_signals import Failures
from monitor.gateway.guard_metrics import GuardCollector
from monitor.ports.deployments import Deployments
from monitor.ports.evidence import EvidenceStore
from monitor.ports.preference import Preference
from monitor.ports.record import ExchangeStore
from monitor.ports.spool import Spool
from monitor.runtime.loops import Loop
from monitor.runtime.scoring.assessor import Assessor
from monitor.runtime.scoring.drafts import Drafts
from monitor.runtime.scoring.embeddings import Embeddings
from monitor.runtime.scoring.following import Following
from monitor.runtime.scoring.hard_faults import HardFaults
from monitor.runtime.scoring.judged_pairs import JudgedPairs
from monitor.runtime.scoring.observing import Observing
from monitor.runtime.scoring.recorder import Recorder
from monitor.runtime.scoring.scorer import Read, Scorer
from monitor.runtime.scoring.source import Source
from monitor.runtime.wakers import Wakers
from rollback.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """The parts that score and record; `observing` has no guards before somebody opens them."""

    following: Following
    drafts: Drafts
    recorder: Recorder
    scorer: Scorer
    observing: Observing
    hard_faults: HardFaults
    failures: Failures
    embeddings: Embeddings
    pairs: JudgedPairs | None = None

    def loops(self, wakers: Wakers) -> Mapping[str, Loop]:
        """Return what must be kept running."""
        return {
            "scorer": self.scorer.run,
            "spool": self.recorder.run,
            "pointers": partial(self.following.run, wakers.scoring),
            "references": self.drafts.run,
            **embedding.loops(self.embeddings),
            **({} if self.pairs is None else {"pairs": self.pairs.run}),
        }

    def register(self, registry: CollectorRegistry) -> None:
        """Show in `/metrics` what became of the answers that were handed over."""
        for name, help_text, value in (
            ("recorded", "Answers recorded in Postgres.", lambda: self.recorder.recorded),
            ("spooled", "Answers that wait on disk for Postgres.", lambda: self.recorder.spooled),
            (
                "lost",
                "Answers handed over and lost.",
                lambda: self.recorder.gone + self.scorer.lost,
            ),
            ("unreadable", "Answers recorded without a text.", lambda: self.scorer.unreadable),
        ):
            gauge = Gauge(f"backstop_exchanges_{name}", help_text, registry=registry)
            gauge.set_function(value)
        registry.register(GuardCollector(self.observing.counts))
        failed = Gauge(
            "backstop_own_signal_failures",
            "Values of the operator's own signals that had to be left out.",
            ["signal"],
            registry=registry,
        )
        for name in self.failures.names:
            failed.labels(name).set_function(partial(self.failures.count, name))
        embedding.register(self.embeddings, registry)


def open_scoring(
    deployments: Deployments,
    evidence: EvidenceStore,
    source: Source,
    record: ExchangeStore,
    spool: Spool,
    policies: Mapping[str, Policy],
    schemas: Mapping[str, Mapping[str, Any]],
    declared: Mapping[str, Declared],
    *,
    read: Read,
    replica: str,
    keep_text: bool,
    embeddings: Embeddings,
    worth: Mapping[str, Collection[WorthSource]],
    preference: Preference | None = None,
) -> Scoring:
    """Wire the scorer over one source and one database.

    Args:
        record: where answers are written; it gives up soon where Postgres hangs.
        spool: where they wait until Postgres is back.
        read: makes exchanges of a relayed request and its answer.
        replica: name of this scorer, unlike that of any other or of an earlier life.
        keep_text: whether prompts and answers are recorded.
        embeddings: where the vectors of answers come from.
        worth: deployment → where the worth of its answers is read.
        preference: compares answers with their shadows, where a deployment asks for it.

    Raises:
        ConfigError: if the operator's own signals cannot be used.
    """
    failures = own_signals.install()
    sizes = {name: policy.reference_size for name, policy in policies.items()}
    assessor = Assessor(deployments, evidence, sizes, schemas, declared, worth)
    following = Following(assessor.refresh)
    drafts = Drafts(evidence, embeddings.for_references)
    recorder = Recorder(record, spool, replica=replica, keep_text=keep_text)
    observing = Observing()
    pairs = None if preference is None else JudgedPairs(preference)
    hard_faults = HardFaults(policies)
    scorer = Scorer(
        source=source,
        read=read,
        assessor=assessor,
        following=following,
        drafts=drafts,
        recorder=recorder,
        observing=observing,
        pairs=pairs,
        hard_faults=hard_faults,
        embeddings=embeddings,
    )
    return Scoring(
        following=following,
        drafts=drafts,
        recorder=recorder,
        scorer=scorer,
        observing=observing,
        hard_faults=hard_faults,
        embeddings=embeddings,
        failures=failures,
        pairs=pairs,
    )
