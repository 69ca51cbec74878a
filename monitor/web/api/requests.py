"""Bodies that the operator API takes; unknown fields are refused."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Reason(_Request):
    """Why an operator does it; it is kept in the audit log."""

    reason: str = Field(min_length=1, max_length=1000)


class RollbackRequest(Reason):
    """Roll back to a version, or to the baseline without one."""

    to: str | None = None


class PromotionRequest(Reason):
    """Promote a version, or begin its canary; `force` passes the golden gate and is recorded."""

    deployment: str | None = None
    force: bool = False
    canary: bool = False


class ShareRequest(Reason):
    """Who shall answer beside the active version, and how often."""

    candidate: str | None = None
    candidate_share: float = Field(default=0.0, ge=0.0, le=1.0)
    shadow_rate: float = Field(default=0.0, ge=0.0, le=1.0)


class NewAdapter(_Request):
    """An adapter: a folder on the service's machine, on the Hugging Face hub, or in MLflow."""

    family: str = Field(min_length=1, max_length=100)
    path: str = Field(
        description="absolute path as the service sees it, hf://org/name@revision or "
        "mlflow://name@alias"
    )
    label: str = Field(default="", max_length=100)
    parent: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict)


class CaseFromExchange(_Request):
    """A recorded answer, and what it should have been: a corrected text or an expectation."""

    exchange: str = Field(min_length=1, max_length=200)
    corrected: str | None = None
    expectation: dict[str, Any] | None = None
    system: str | None = None
    deployment: str | None = None
    slice: str = ""
    critical: bool = False
