"""The sections of the configuration that are not about the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator, model_validator

from monitor.config.canary import CanaryConfig
from monitor.config.drill import DrillConfig
from monitor.config.files import secret_or_file
from monitor.config.guards import Guards
from monitor.config.section import Section, server_address
from monitor.config.shadow import ShadowConfig


class Listen(Section):
    """Where the service listens: loopback unless told otherwise."""

    host: str = "127.0.0.1"
    port: int = Field(default=8377, ge=1, le=65535)

    @property
    def url(self) -> str:
        """Where clients on this machine find the service, without a path."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class Gateways(Section):
    """The processes that face callers, in front of a model server.

    Args:
        workers: gateway processes on this machine; they share the port.
        drain_s: how long streams may take to finish once the service is to stop.
        tee_answer_mb, tee_sum_mb: how much of one answer, and of all answers under way together, is
            kept for the record; what is beyond is relayed all the same, and counted.
        handover_mb: how much may wait in a gateway while the scorer is away.
        spool_mb: how much may wait on disk while Postgres is away.
        pass_through: further paths to relay as they are, for callers: `/v1/embeddings`, say.
        record: whether answers are recorded and judged at all; without it this is a router only.
        guard_answer_mb: a longer answer than this is blocked where a blocking guard must see it.
        guard_hold_s: how long a stream may be held for a guard that needs it whole; then it is blocked.
    """

    workers: int = Field(default=1, ge=1, le=64)
    drain_s: float = Field(default=30.0, ge=0)
    tee_answer_mb: float = Field(default=1.0, gt=0)
    tee_sum_mb: float = Field(default=64.0, gt=0)
    handover_mb: float = Field(default=64.0, gt=0)
    spool_mb: float = Field(default=1024.0, gt=0)
    pass_through: tuple[str, ...] = ("/v1/embeddings",)
    record: bool = True
    guard_answer_mb: float = Field(default=4.0, gt=0)
    guard_hold_s: float = Field(default=120.0, gt=0)


class PricesConfig(Section):
    """What tokens cost, in a currency of your own for 1,000 of them."""

    prompt: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class DeploymentConfig(Section):
    """A public model name. Paths are relative to the configuration file.

    Args:
        must_match, must_not_match: regular expressions that all, or none, of which answers match.
        citation: regular expression of a citation that every answer must have.
        resample_rate: share of the prompts that the version answers once more, at a temperature of .7
            and unseen, to see whether it says the same (self-consistency); relayed answers only.
    """

    golden: Path | None = None
    policy: Path | dict[str, Any] = Field(default_factory=dict)
    response_schema: Path | None = None
    guards: Guards = Guards()
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    citation: str | None = None
    prices: PricesConfig | None = None
    resample_rate: float = Field(default=0.0, ge=0.0, le=1.0)
    shadow: ShadowConfig = ShadowConfig()
    canary: CanaryConfig = CanaryConfig()
    drill: DrillConfig = DrillConfig()

    @model_validator(mode="after")
    def _cost_needs_prices(self) -> DeploymentConfig:
        if self.shadow.most_cost_per_day is not None and self.prices is None:
            raise ValueError(
                "shadow.most_cost_per_day needs prices: give prices.prompt and .output"
            )
        return self

    @field_validator("policy", mode="before")
    @classmethod
    def _is_path_or_mapping(cls, policy: object) -> object:
        if isinstance(policy, str | Path | Mapping):
            return policy
        raise ValueError("must be a mapping of a policy's keys, or the path of a file with them")


class Record(Section):
    """What is kept of each answer; for how long, `retention` says."""

    text: bool = False
    queue: int = Field(default=10_000, ge=1)


class JudgeConfig(Section):
    """A model that grades answers, behind an OpenAI-compatible API.

    Args:
        url: where its server listens, without `/v1`.
        model: its name there.
        limit_s: seconds for one reply.
    """

    url: str
    model: str
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    limit_s: float = Field(default=60.0, gt=0)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return server_address(url)

    def key(self) -> str | None:
        """Return the server's API key, if it wants one. Raises `ConfigError`."""
        return secret_or_file(self.api_key, self.api_key_file, "grading.judge.api_key_file")


class Grading(Section):
    """What golden cases are graded with, beside the answer's text.

    Args:
        judge: asked by cases of the kind `judge`.
        weaker_sandbox: whether code that a model wrote may run where the kernel permits no sandbox
            of namespaces: then it can reach this machine's network and files.
    """

    judge: JudgeConfig | None = None
    weaker_sandbox: bool = False


class ScheduleConfig(Section):
    """When jobs run: cron expressions in `timezone`; empty means never."""

    timezone: str = "UTC"
    golden: str = "0 3 * * *"
    report: str = "0 8 * * *"
    report_weekly: str = "5 8 * * 1"
    retention: str = "30 2 * * *"
    reviews: str = "0 9 * * *"

    def jobs(self) -> dict[str, str]:
        """Return each job's cron expression, by its name."""
        return {
            "golden": self.golden,
            "report": self.report,
            "report_weekly": self.report_weekly,
            "retention": self.retention,
            "reviews": self.reviews,
        }
