"""What operators do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from monitor.ports.drills import Drill
from monitor.ports.golden import Added, FromExchange, GoldenRun
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.proposal import Proposal
from rollback.spoilt_kind import Kind
from rollback.versions import AdapterVersion


class Operations(Protocol):
    """What operators do through the API, the dashboard and the command line.

    A `version` is a name (`support@3f9a2c1d7b04`) or a family with a label (`support@v1`).
    Every method raises `NotFound` for an unknown thing and `Unavailable` while a part is away.
    """

    async def add_adapter(
        self,
        family: str,
        source: str,
        *,
        label: str,
        actor: str,
        parent: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> AdapterVersion:
        """Check, copy in and register the adapter of a folder, `hf://…@…` or `mlflow://…@…`.

        The parent is a version, by name or label. Raises `BadAdapter`, `Conflict`.
        """

    async def promote(
        self,
        version: str,
        *,
        deployment: str | None,
        force: bool,
        actor: str,
        reason: str,
        canary: bool = False,
    ) -> Deployment:
        """Make a version active, or begin its canary, which promotes or withdraws it by evidence.

        Raises `GateRefused` unless forced; `Conflict`, also where the policy asks for an approval
        that is not there yet: then it is proposed.
        """

    async def roll_back(
        self, deployment: str, *, to: str | None, actor: str, reason: str
    ) -> Incident:
        """Put `to` (else the baseline) back and quarantine the active version. Raises `Conflict`."""

    async def share(
        self,
        deployment: str,
        *,
        candidate: str | None,
        candidate_share: float,
        shadow_rate: float,
        actor: str,
        reason: str,
    ) -> Deployment:
        """Let a candidate answer a share of the callers, and the baseline a share of the prompts too.

        Both shares lie in [0, 1]; `candidate=None` takes the candidate away. Raises `Conflict`,
        `EngineError` if the candidate does not load.
        """

    async def quarantine(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Keep a version out until a person releases it. Raises `Conflict` while it is active."""

    async def release(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Let a quarantined version be promoted again. Raises `Conflict` if it is not quarantined."""

    async def thaw(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Allow automatic changes again. Raises `Conflict` if the deployment is not frozen."""

    async def pin(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Hold the active version where it is; only people move it then."""

    async def unpin(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Let the version be moved by itself again. Raises `Conflict` if it is not pinned."""

    async def approve(self, proposal: str, *, actor: str, reason: str) -> Proposal:
        """Say yes to a proposal, which is carried out then.

        Raises `Conflict` if it was rejected or the pointer has moved; `GateRefused` for a promotion
        that does not pass.
        """

    async def reject(self, proposal: str, *, actor: str, reason: str) -> Proposal:
        """Say no to a proposal. Raises `Conflict` if it was approved or the pointer has moved."""

    async def import_golden(self, deployment: str, text: str, *, actor: str) -> str:
        """Replace the golden set with JSON Lines; return its digest. Raises `BadGoldenSet`."""

    async def add_golden(self, wanted: FromExchange, *, actor: str) -> Added:
        """Make a recorded answer's prompt a golden case. Raises `BadGoldenSet`, `Conflict`."""

    async def run_golden(
        self, deployment: str, *, cause: str, occasion: str | None = None
    ) -> GoldenRun:
        """Run the golden set against the active version now, at most once for an occasion."""

    async def try_golden(self, deployment: str, version: str, *, actor: str) -> GoldenRun:
        """Run the gate's golden run for a version that does not serve; nothing is promoted.

        Raises `Conflict` if the version serves or is quarantined, `EngineError`.
        """

    async def drill(self, deployment: str, kinds: Sequence[Kind], *, actor: str) -> Sequence[Drill]:
        """Spoil the active version in these ways, in the shadow only, and keep what caught it.

        Raises `Conflict` if the base model serves.
        """

    def health(self) -> Mapping[str, str]:
        """Return each component with `ok` or what is wrong with it; may block."""
