"""The operators' surfaces, as the configuration says."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from prometheus_client import CollectorRegistry

from monitor.bootstrap import anchoring, tokens
from monitor.bootstrap.policy_texts import PolicyTexts
from monitor.config import Config, Role
from monitor.gateway.callers import token_hash
from monitor.ports.operations import Operations
from monitor.ports.stores import Stores
from monitor.web.context import Web
from monitor.web.indicator_metrics import IndicatorCollector
from monitor.web.live import Live
from monitor.web.metrics import DeploymentCollector
from monitor.web.rarity import References
from monitor.web.refusals import Refusals
from monitor.web.sessions import Sessions
from monitor.web.tokens import Holder, OperatorTokens, Person


def web(config: Config, stores: Stores, operations: Operations, registry: CollectorRegistry) -> Web:
    """Return what the surfaces work with. Raises `ConfigError` for a token that cannot be read."""
    registry.register(DeploymentCollector(stores))
    registry.register(IndicatorCollector(stores, lambda: datetime.now(UTC)))
    return Web(
        stores=stores,
        operations=operations,
        tokens=OperatorTokens(
            list(_holders(config)),
            whereabouts=str(tokens.path_of(config.data_dir, "operator")),
        ),
        sessions=Sessions(secrets.token_urlsafe),
        registry=registry,
        clock=_now,
        refusals=Refusals(stores.audit, _now),
        policies=PolicyTexts(config, stores.audit, _now),
        references=References(stores.evidence),
        live=Live(stores.news),
        anchors=partial(anchoring.kept, config),
        trusted_proxy=config.web.trusted_proxy,
    )


def _holders(config: Config) -> Iterator[Holder]:
    """Yield who may use the surfaces; whoever can read the data directory is an administrator."""
    own = tokens.ensure(config.data_dir, "operator")
    yield Holder(token_hash=token_hash(own), person=Person(name="operator", role=Role.ADMIN))
    for name, section in config.web.tokens.items():
        person = Person(name=name, role=section.role)
        yield Holder(token_hash=token_hash(section.secret(name)), person=person)


def _now() -> datetime:
    return datetime.now(UTC)
