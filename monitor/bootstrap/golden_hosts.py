"""Where golden runs answer, as a configuration says: in a process of their own, or beside the traffic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from monitor.bootstrap import golden_process, graders
from monitor.bootstrap.closed_loop import GoldenSite
from monitor.bootstrap.files import DeploymentFiles
from monitor.config import Config, LocalEngine, ServerEngine
from monitor.engines import base_identity
from monitor.engines.own_process.client import started
from monitor.engines.own_process.wire import Start
from monitor.engines.servers import server_identity
from monitor.engines.servers.server import ModelServer
from monitor.ports.base_identity import BaseIdentity
from monitor.ports.engine import Engine
from monitor.ports.golden_host import GoldenHost
from monitor.ports.grading import Grader
from monitor.ports.versions import ArtifactStore
from monitor.runtime import fingerprints
from monitor.runtime.golden_plan import RunSettings

GraderOf = Callable[[Engine], Grader]


class OwnProcess:
    """Starts a process for each run. Implements `ports.GoldenHosts`.

    Args:
        grader_of: returns a grader that asks an engine for likelihoods.
    """

    def __init__(self, start: Start, artifacts: ArtifactStore, grader_of: GraderOf) -> None:
        self._start = start
        self._artifacts = artifacts
        self._grader_of = grader_of

    @asynccontextmanager
    async def opened(self, versions: Collection[str]) -> AsyncIterator[GoldenHost]:
        """Start a process with the base model and versions, and end it afterwards."""
        async with started(golden_process.COMMAND, self._start) as engine:
            for version in versions:
                folder = await asyncio.to_thread(self._artifacts.folder, version)
                await engine.load(version, folder)

            async def identity() -> BaseIdentity:
                return await with_answers(await engine.identity(), engine)

            yield GoldenHost(
                engine=engine,
                grader=self._grader_of(engine),
                usage=engine.usage,
                identity=identity,
            )


def local_site(
    config: Config,
    section: LocalEngine,
    files: Mapping[str, DeploymentFiles],
    artifacts: ArtifactStore,
    engine: Engine,
) -> GoldenSite:
    """Return how golden runs are done with the local engine."""

    async def identity() -> BaseIdentity:
        parts = await asyncio.to_thread(base_identity.parts_of, section.model)
        return await with_answers(BaseIdentity(parts=parts, place=section.device), engine)

    golden = config.golden
    hosts = OwnProcess(_start(config, section), artifacts, partial(graders.grader_of, config))
    return GoldenSite(
        hosts=hosts if golden.own_process else None,
        identity=identity,
        settings=_settings(
            config, files, chunk=golden.window if golden.own_process else golden.at_once
        ),
        runs_after=config.golden.after_promotion,
    )


def server_site(
    config: Config,
    section: ServerEngine,
    files: Mapping[str, DeploymentFiles],
    server: ModelServer,
) -> GoldenSite:
    """Return how golden runs are done with a model server: as traffic that steps back."""

    async def identity() -> BaseIdentity:
        parts = await server_identity.parts_of(server)
        if section.folder is not None:
            files_parts = await asyncio.to_thread(base_identity.parts_of, section.folder)
            parts = {**files_parts, **parts}
        return await with_answers(BaseIdentity(parts=parts, place=section.kind), server)

    return GoldenSite(
        identity=identity,
        settings=_settings(config, files, chunk=config.golden.at_once),
        runs_after=config.golden.after_promotion,
    )


async def with_answers(identity: BaseIdentity, engine: Engine) -> BaseIdentity:
    """Return an identity with what the base model answers to the probes."""
    return replace(identity, answers=await fingerprints.take(engine, None))


def _start(config: Config, section: LocalEngine) -> Start:
    """Return how a run's process opens its engine."""
    golden = config.golden
    return Start(
        model=str(section.model),
        device=golden.device,
        memory_share=golden.memory_share,
        niceness=golden.niceness,
        max_batch=golden.rows,
        columns=golden.columns,
        threads=golden.threads,
    )


def _settings(config: Config, files: Mapping[str, DeploymentFiles], *, chunk: int) -> RunSettings:
    prices = {name: each.declared.prices for name, each in files.items() if each.declared.prices}
    return RunSettings(
        chunk=chunk,
        case_limit=timedelta(seconds=config.golden.case_limit_s),
        prices=prices,
    )
