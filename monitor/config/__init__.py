"""The configuration: one YAML file, `BACKSTOP_` variables over it, read once and passed down.

Unknown keys are refused with the nearest known one. Secrets come from files or the environment
and are masked in `repr`.
"""

from __future__ import annotations

from monitor.config.alerts import AlertsConfig, Receiver
from monitor.config.embedder import EmbedderConfig
from monitor.config.engines import LocalEngine, ServerEngine
from monitor.config.files import read_mapping, read_secret
from monitor.config.guards import Guards
from monitor.config.loading import load
from monitor.config.sections import DeploymentConfig, Listen
from monitor.config.settings import Config, default_data_dir, with_workers
from monitor.config.web import Role, TrustedProxy

__all__ = [
    "AlertsConfig",
    "Config",
    "DeploymentConfig",
    "EmbedderConfig",
    "Guards",
    "Listen",
    "LocalEngine",
    "Receiver",
    "Role",
    "ServerEngine",
    "TrustedProxy",
    "default_data_dir",
    "load",
    "read_mapping",
    "read_secret",
    "with_workers",
]
