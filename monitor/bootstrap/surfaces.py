"""The operators' surfaces, as the configuration says."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from monitor.bootstrap import tokens
from monitor.config import Config
from monitor.gateway.callers import token_hash
from monitor.ports.operations import Operations
from monitor.ports.stores import Stores
from monitor.web.context import Web
from monitor.web.indicator_metrics import IndicatorCollector
from monitor.web.metrics import DeploymentCollector
from monitor.web.sessions import Sessions
from monitor.web.tokens import OperatorTokens


def web(config: Config, stores: Stores, operations: Operations, registry: CollectorRegistry) -> Web:
    """Return what the surfaces work with. Raises `ConfigError` for a token that cannot be read."""
    operator = tokens.ensure(config.data_dir, "operator")
    registry.register(DeploymentCollector(stores))
    registry.register(IndicatorCollector(stores, lambda: datetime.now(UTC)))
    return Web(
        stores=stores,
        operations=operations,
        tokens=OperatorTokens(
            {"operator": token_hash(operator)},
            whereabouts=str(tokens.path_of(config.data_dir, "operator")),
        ),
        sessions=Sessions(secrets.token_urlsafe),
        registry=registry,
        clock=lambda: datetime.now(UTC),
    )
