"""The whole configuration, the environment over the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.config.alerts import AlertsConfig, Receiver, misnamed
from monitor.config.audit import AuditConfig
from monitor.config.embedder import EmbedderConfig
from monitor.config.engines import EngineSection, LocalEngine
from monitor.config.golden import GoldenConfig
from monitor.config.otlp import OtlpConfig
from monitor.config.registry import RegistryConfig
from monitor.config.reports import ReportsConfig
from monitor.config.retention import RetentionConfig
from monitor.config.sections import (
    DeploymentConfig,
    Gateways,
    Grading,
    Listen,
    Record,
    ScheduleConfig,
)
from monitor.config.web import WebConfig
from monitor.errors import ConfigError


def default_data_dir() -> Path:
    """Return where data goes: never under a home directory as root, see `storage.embedded`."""
    if os.geteuid() == 0:
        return Path("/var/lib/backstop")
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "backstop"


class Config(BaseSettings):
    """Everything the service is told."""

    model_config = SettingsConfigDict(
        env_prefix="BACKSTOP_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    database: SecretStr = SecretStr("embedded")
    listen: Listen = Listen()
    engine: EngineSection
    gateway: Gateways = Gateways()
    deployments: dict[str, DeploymentConfig]
    receivers: dict[str, Receiver] = Field(default_factory=dict)
    alerts: AlertsConfig = AlertsConfig()
    record: Record = Record()
    retention: RetentionConfig = RetentionConfig()
    embedder: EmbedderConfig = EmbedderConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    reports: ReportsConfig = ReportsConfig()
    audit: AuditConfig = AuditConfig()
    otlp: OtlpConfig | None = None
    registry: RegistryConfig = RegistryConfig()
    grading: Grading = Grading()
    web: WebConfig = WebConfig()
    golden: GoldenConfig = GoldenConfig()

    @field_validator("deployments")
    @classmethod
    def _names_are_plain(
        cls, deployments: dict[str, DeploymentConfig]
    ) -> dict[str, DeploymentConfig]:
        for name in deployments:
            if not name or "@" in name or "/" in name or name != name.strip():
                raise ValueError(f"{name!r} is no deployment name: use letters, digits and dashes")
        if not deployments:
            raise ValueError("name at least one deployment")
        return deployments

    @model_validator(mode="after")
    def _is_asked_again_where_that_is_possible(self) -> Self:
        for name, section in self.deployments.items():
            if section.resample_rate > 0.0 and isinstance(self.engine, LocalEngine):
                raise ValueError(
                    f"deployments.{name}.resample_rate: the local engine is never asked again; "
                    "leave it out, or stand in front of a model server (engine.kind: vllm, …)"
                )
        return self

    @model_validator(mode="after")
    def _alerts_go_where_there_is_somebody(self) -> Self:
        mistake = misnamed(self.alerts, self.receivers, self.deployments)
        if mistake is not None:
            raise ValueError(mistake)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment over the file."""
        return env_settings, init_settings


def with_workers(config: Config, workers: int) -> Config:
    """Return the configuration with another number of gateway processes.

    Raises `ConfigError` with the local engine, which answers in one process.
    """
    if isinstance(config.engine, LocalEngine) and workers > 1:
        raise ConfigError(
            "workers: the local engine answers in one process; several gateways stand in front of "
            "a model server (engine.kind: vllm, sglang, lorax or llamacpp)"
        )
    gateway = config.gateway.model_copy(update={"workers": workers})
    return config.model_copy(update={"gateway": gateway})
