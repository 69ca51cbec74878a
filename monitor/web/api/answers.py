"""Bodies of the operator API's answers, read from the core's values by attribute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer

from guards.flips import Flip
from guards.verdicts import Verdict
from monitor.ports.golden import RunStatus
from monitor.reports.condition import Condition
from rollback.canary import Outcome
from rollback.incident import Phase
from rollback.versions import VersionState

_LARGEST = 1e300


def _finite(value: float) -> float:
    """JSON knows no infinity, and evidence may overflow."""
    return min(value, _LARGEST)


EValue = Annotated[float, PlainSerializer(_finite)]


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class DeploymentAnswer(_Answer):
    """A deployment's pointer. A version of `null` is the base model."""

    name: str
    active: str | None
    baseline: str | None
    epoch: int
    promoted_at: datetime | None
    frozen: str | None
    pinned: str | None
    confirmed: bool
    candidate: str | None
    candidate_share: float
    shadow_rate: float
    canary: str | None


class EvidencePointAnswer(_Answer):
    """The evidence after one answer; `position` counts the answers judged in the epoch."""

    deployment: str
    adapter: str | None
    epoch: int
    position: int
    at: datetime
    suspicion: EValue
    suspicion_line: EValue
    evidence: EValue
    line: EValue
    channels: dict[str, EValue]


class StandingAnswer(_Answer):
    """How something stands: for machines, in a few words, and in a sentence."""

    condition: Condition
    headline: str
    detail: str


class DeploymentViewAnswer(_Answer):
    """A deployment with its newest evidence and how it stands."""

    deployment: DeploymentAnswer
    standing: StandingAnswer
    point: EvidencePointAnswer | None


class CanaryAnswer(_Answer):
    """A canary: who has which share, what was shown, and what it waits for.

    `outcome` is `null` while it runs. `callers` and `mean_worth` are of the callers who count.
    """

    id: str
    deployment: str
    candidate: str
    against: str | None
    share: float
    step: int
    steps: tuple[float, ...]
    started_at: datetime
    outcome: Outcome | None
    ended_at: datetime | None
    harm: EValue
    withdrawal_line: float
    noninferiority: EValue
    promotion_line: float
    margin: float
    callers: dict[str, int]
    mean_worth: dict[str, float | None]
    standing: str


class IncidentAnswer(_Answer):
    """A breach and how far the answer to it has come."""

    id: str
    deployment: str
    opened_at: datetime
    phase: Phase
    from_version: str | None
    to_version: str | None
    reason: str
    actor: str
    epoch: int
    evidence: Mapping[str, Any]
    promoted_at: datetime | None
    suspected_at: datetime | None
    decided_at: datetime | None
    flipped_at: datetime | None
    converged_at: datetime | None
    proved_at: datetime | None
    exposure: int | None


class AdapterSummary(_Answer):
    """An adapter version without its manifest."""

    name: str
    label: str
    state: VersionState
    created_at: datetime
    reason: str
    parent: str | None
    facts: Mapping[str, Any]


class AdapterAnswer(AdapterSummary):
    """An adapter version with its manifest: base model, configuration, files, tensors."""

    manifest: Mapping[str, Any]


class OverviewAnswer(_Answer):
    """Everything that one glance should tell. Incidents and adapters are newest first."""

    at: datetime
    standing: StandingAnswer
    deployments: list[DeploymentViewAnswer]
    incidents: list[IncidentAnswer]
    versions: list[AdapterSummary]


class ExchangeAnswer(_Answer):
    """An answer on record. Texts are `null` where they are not kept."""

    id: str
    deployment: str
    adapter: str | None
    epoch: int
    started_at: datetime
    verdict: Verdict
    findings: list[str]
    signals: Mapping[str, float]
    latency_s: float | None
    output_tokens: int | None
    finish_reason: str | None
    error: str | None
    prompt: str | None
    output: str | None


class IndicatorAnswer(_Answer):
    """A health number of a version over the minute that starts at `bucket`."""

    deployment: str
    adapter: str | None
    bucket: datetime
    name: str
    value: float
    count: int


class Mark(_Answer):
    """Something that happened to the pointer, to be drawn on the curve."""

    at: datetime
    label: str


class EvidenceAnswer(_Answer):
    """The evidence curve, oldest first, thinned so that no crossing of a line is lost."""

    deployment: str
    points: list[EvidencePointAnswer]
    marks: list[Mark]


class GoldenRunAnswer(_Answer):
    """One run of a golden set; `position` of `set_size` cases are answered."""

    id: str
    deployment: str
    subject: str | None
    against: str | None
    compared: bool
    cause: str
    set_digest: str
    started_at: datetime
    finished_at: datetime | None
    verdict: Verdict | None
    status: RunStatus
    position: int
    set_size: int
    occasion: str | None
    summary: Mapping[str, Any]


class GoldenAnswerAnswer(_Answer):
    """What one version answered to a case; grades as is, and after normalising."""

    output: str
    raw: float
    grade: float
    error: str | None


class GoldenCaseAnswer(_Answer):
    """A case of a run; `flip` tells what became of it beside the other version's answer."""

    id: str
    slice: str
    prompt: str
    expected: str
    subject: GoldenAnswerAnswer
    against: GoldenAnswerAnswer | None
    flip: Flip | None
    is_critical: bool
    is_flaky: bool
    is_refused: bool


class GoldenRunReportAnswer(_Answer):
    """A run with its cases: critical failures first, then those that got worse."""

    run: GoldenRunAnswer
    cases: list[GoldenCaseAnswer]


class GoldenSetAnswer(_Answer):
    """The golden set as it is now stored."""

    deployment: str
    digest: str
    cases: int


class AddedCaseAnswer(_Answer):
    """A case that is now in a deployment's golden set, whose digest it changed."""

    deployment: str
    case: str
    digest: str


class AuditRowAnswer(_Answer):
    """One act on record; `hash` covers it and `previous`."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    payload: Mapping[str, Any]
    previous: str
    hash: str
