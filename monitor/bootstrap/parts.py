"""Puts the parts of the service together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from monitor.bootstrap import (
    alerting,
    allowances,
    embedding,
    feedback,
    golden_hosts,
    graders,
    operating,
    own_levels,
    own_memory,
    pairing,
    receivers,
    replicas,
)
from monitor.bootstrap.files import DeploymentFiles, declared, schemas
from monitor.bootstrap.local_loop import LocalLoop, Settings, open_local_loop
from monitor.config import Config, LocalEngine
from monitor.gateway.allowance import Allowance
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.counters import Counters
from monitor.gateway.gateway import Gateway
from monitor.ports.engine import Engine
from monitor.ports.record import ExchangeStore
from monitor.ports.spool import Spool
from monitor.ports.stores import Stores
from monitor.runtime.last_good import KeptInFile, path_in
from monitor.runtime.operations import OperatorActions
from monitor.runtime.scoring.observing import Observing
from monitor.runtime.service import Service
from monitor.runtime.wakers import Wakers

_PROCESS = "local"
_LOOK_S = 5.0  # an engine in this process loses nothing by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The running parts that the surfaces need."""

    service: Service
    gateway: Gateway
    operations: OperatorActions
    wakers: Wakers
    stores: Stores
    registry: CollectorRegistry
    observing: Observing


def assemble(
    config: Config,
    section: LocalEngine,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    engine: Engine,
    record: ExchangeStore,
    spool: Spool,
    *,
    caller_token: str,
    operator_token: str,
) -> Parts:
    """Wire the service for one local engine and one database."""
    policies = {name: each.policy for name, each in files.items()}
    name = replicas.name("local")
    settings = Settings(
        replica=name,
        scorer=name,
        link=f"{config.listen.url}/",
        queue=config.record.queue,
        keep_text=config.record.text,
        schemas=schemas(files),
        grader=graders.grader_of(config, engine),
        golden=golden_hosts.local_site(config, section, files, stores.artifacts, engine),
        declared=declared(files),
        embeddings=embedding.opened(config.embedder),
        rules=alerting.rules(config),
        worth=pairing.worth(config),
        preference=graders.preference_of(config),
        canaries=pairing.canaries(config),
        shadows=pairing.shadows(config),
        keeper=KeptInFile(path_in(config.data_dir)),
    )
    loop = open_local_loop(
        stores, engine, policies, receivers.senders(config), record, spool, settings
    )
    registry = CollectorRegistry()
    loop.scoring.register(registry)
    gateway = _gateway(section, stores, engine, loop, registry, allowances.of(config, 1))
    own_memory.register(registry)
    gateway.callers = Tokens([token_hash(caller_token), token_hash(operator_token)])
    gateway.operators = Tokens([token_hash(operator_token)])
    operated = operating.operate(
        config,
        files,
        stores,
        loop.closed,
        replica=name,
        loops=loop.loops(),
        parts=(loop.scoring.scorer,),
        look_s=_LOOK_S,
        registry=registry,
        texts=own_levels.of_registry(_PROCESS, registry),
    )
    return Parts(
        service=operated.service,
        gateway=gateway,
        operations=operated.operations,
        wakers=loop.closed.wakers,
        stores=stores,
        registry=registry,
        observing=loop.scoring.observing,
    )


def _gateway(
    section: LocalEngine,
    stores: Stores,
    engine: Engine,
    loop: LocalLoop,
    registry: CollectorRegistry,
    hourly: Mapping[str, Allowance],
) -> Gateway:
    return Gateway(
        engine=engine,
        router=loop.closed.router,
        handover=loop.handover,
        counters=Counters(registry, loop.handover),
        flights=loop.flights,
        feedback=feedback.into(stores.feedback),
        base_model=section.model.name,
        places=section.max_waiting,
        shadow_allowances=hourly,
    )
