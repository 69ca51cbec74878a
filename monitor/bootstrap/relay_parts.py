"""The parts of a relay, as the configuration says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from monitor.bootstrap import allowances, tokens
from monitor.bootstrap.run_folder import RunFolder
from monitor.config import Config, ServerEngine
from monitor.engines.servers.naming import LlamacppNaming, naming_of
from monitor.errors import BackstopError
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.endpoint import Endpoint
from monitor.gateway.exchanges import ExchangeIntake
from monitor.gateway.intake import Intake
from monitor.gateway.relay.asgi import App
from monitor.gateway.relay.counters import RelayCounters
from monitor.gateway.relay.guards import BlockingGuards
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.relay.tee import TeeRoom
from monitor.gateway.traces import TraceIntake
from monitor.gateway.upstream.address import Address, Limits
from monitor.gateway.upstream.pool import Upstream
from monitor.gateway.upstream.request import Request
from monitor.ports.handover import Handover
from monitor.runtime.flights import Flights
from monitor.runtime.guard_counts import GuardCounts
from monitor.runtime.loops import Loop
from monitor.runtime.routing import Router

_MB = 1 << 20
_OPERATORS_PLACES = 256
_LEARN_EVERY_S = 5.0


def assemble(
    config: Config, engine: ServerEngine, folder: RunFolder, router: Router, handover: Handover
) -> RelayParts:
    """Return what a relay needs. Raises `ConfigError` for a token or key that cannot be read."""
    gateway = config.gateway
    caller, operator = (
        token_hash(tokens.ensure(config.data_dir, w)) for w in ("caller", "operator")
    )
    operators = Tokens([operator])
    counters = RelayCounters()
    return RelayParts(
        engine=Upstream(
            Address.of(engine.url),
            Limits(
                connect_s=engine.connect_s,
                first_byte_s=engine.first_byte_s,
                idle_s=engine.idle_s,
            ),
            places=engine.places,
        ),
        operators=Upstream(Address.unix(folder.surfaces), places=_OPERATORS_PLACES),
        router=router,
        handover=handover,
        flights=Flights(),
        naming=naming_of(engine, config.data_dir / "adapters"),
        base_model=engine.model,
        pass_through=frozenset(gateway.pass_through),
        callers=Tokens([caller, operator]),
        counters=counters,
        handlers=_handlers(router, handover, operators, counters),
        operator_tokens=operators,
        tee_room=TeeRoom(
            answer_bytes=int(gateway.tee_answer_mb * _MB), sum_bytes=int(gateway.tee_sum_mb * _MB)
        ),
        api_key=engine.key(),
        logprobs=engine.logprobs,
        resample_rates={
            name: section.resample_rate
            for name, section in config.deployments.items()
            if section.resample_rate > 0.0
        },
        shadow_allowances=allowances.of(config, gateway.workers),
    )


def _handlers(
    router: Router, handover: Handover, operators: Tokens, counters: RelayCounters
) -> Mapping[str, App]:
    """Return what is answered here, without the engine."""
    intake = Intake(router=router, handover=handover, reporters=operators)

    def refused(status: int) -> None:
        counters.refusals[status] += 1

    return {
        "/v1/exchanges": Endpoint(ExchangeIntake(intake), refused),
        "/v1/traces": Endpoint(TraceIntake(intake), refused),
    }


@asynccontextmanager
async def guards(
    config: Config, counts: GuardCounts
) -> AsyncIterator[Mapping[str, BlockingGuards]]:
    """Yield the blocking guards by deployment; what they need is imported only where there are any.

    Raises `ConfigError`; `EngineError` if a classifier cannot be loaded.
    """
    if not any(section.guards.blocks for section in config.deployments.values()):
        yield {}
        return
    from monitor.bootstrap import guarding
    from monitor.gateway.relay.guarded import RelayGuards

    async with guarding.opened(config, blocking=True) as sets:
        found = guarding.guardings(config, sets, counts)
        yield {name: RelayGuards(each) for name, each in found.items()}


def loops(parts: RelayParts) -> Mapping[str, Loop]:
    """Return what must run beside a relay."""
    if isinstance(parts.naming, LlamacppNaming):
        return {"adapters' numbers": partial(_keep_learning, parts.naming, parts.engine)}
    return {}


async def _keep_learning(naming: LlamacppNaming, engine: Upstream) -> None:
    """Ask llama.cpp again and again which adapter has which number."""
    head = b"GET /lora-adapters HTTP/1.1\r\nHost: " + engine.address.authority + b"\r\n\r\n"
    while True:
        naming.learn(await _read_json(engine, Request(head)))
        await asyncio.sleep(_LEARN_EVERY_S)


async def _read_json(engine: Upstream, request: Request) -> object:
    answer = engine.ask(request)
    await answer.head()
    parts: list[bytes] = []
    while part := await answer.more():
        parts.append(part)
    try:
        return msgspec.json.decode(b"".join(parts))
    except msgspec.DecodeError as error:
        raise BackstopError(f"the engine's list of adapters is no JSON: {error}") from error
