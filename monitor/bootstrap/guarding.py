"""The guards that the configuration asks for: blocking ones for a gateway, the others for the scorer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec

from guards.checks import catalogue, judgement
from guards.checks.catalogue import UnknownGuard
from guards.checks.context import GuardContext
from guards.checks.judgement import Applied, Judgement, Mode, Report
from guards.exchange import Exchange
from monitor.bootstrap import schema_file
from monitor.config import Config, DeploymentConfig, Guards
from monitor.config.guards import ClassifierGuard as ClassifierSection
from monitor.config.guards import JudgeGuard as JudgeSection
from monitor.config.guards import PresidioGuard as PresidioSection
from monitor.errors import ConfigError
from monitor.gateway.guarding.request import Guarding
from monitor.ports.guards import AnswerGuard
from monitor.runtime.guard_counts import GuardCounts
from monitor.runtime.guarding import Asked, GuardedText, GuardSet

_MB = 1 << 20
_PURE_COST = "some microseconds a token; holds the last word back"
_OWN_OPTIONS = {"canary": frozenset({"tokens", "tokens_file"})}
_ASKING = (
    ("classifier", "what a local sequence-classification model says", ClassifierSection),
    ("judge", "what an OpenAI-compatible judge says", JudgeSection),
    ("presidio", "what Microsoft Presidio says (an extra)", PresidioSection),
)


def check(config: Config) -> int:
    """Read every guard's settings; return how many guards there are.

    Raises `ConfigError` that names the key. No model is loaded, and nobody is asked.
    """
    count = 0
    for name, section in config.deployments.items():
        key = f"deployments.{name}.guards"
        count += len(_pure(section.guards, key)) + len(_asking(section.guards))
        _canaries(section.guards, key)
        if section.guards.judge is not None:
            section.guards.judge.key(f"{key}.judge")
        _check_classifier(section.guards, key)
        if section.guards.presidio is not None and find_spec("presidio_analyzer") is None:
            raise ConfigError(
                f"{key}.presidio: Presidio is not installed; "
                "install it: pip install 'backstop[presidio]'"
            )
        if section.guards.schema_ is not None and section.response_schema is None:
            raise ConfigError(
                f"{key}.schema: there is nothing to hold answers against; "
                f"name a file as deployments.{name}.response_schema"
            )
    return count


@asynccontextmanager
async def opened(config: Config, *, blocking: bool) -> AsyncIterator[Mapping[str, GuardSet]]:
    """Yield the guards by deployment, where there are any: the blocking ones, or the others.

    What is not wanted here is not opened: no classifier is loaded twice. Raises `ConfigError`,
    `EngineError` if a classifier cannot be loaded.
    """
    async with AsyncExitStack() as stack:
        found: dict[str, GuardSet] = {}
        for name, section in config.deployments.items():
            guards = await _open(config, name, section, stack, blocking=blocking)
            if not guards.is_empty:
                found[name] = guards
        yield found


def guardings(
    config: Config, sets: Mapping[str, GuardSet], counts: GuardCounts
) -> Mapping[str, Guarding]:
    """Return what a gateway guards answers with, by deployment."""
    most = int(config.gateway.guard_answer_mb * _MB)
    return {
        name: Guarding(deployment=name, guards=guards, counts=counts, most_bytes=most)
        for name, guards in sets.items()
    }


async def look(
    config: Config, exchanges: Sequence[Exchange], told: Callable[[int, Judgement], None]
) -> None:
    """Let a deployment's guards, blocking or not, look at whole answers, one after the other.

    Raises as `opened` does.
    """
    async with opened(config, blocking=True) as blocking, opened(config, blocking=False) as others:
        for row, exchange in enumerate(exchanges):
            reports: list[Report] = []
            for sets in (blocking, others):
                guards = sets.get(exchange.deployment, GuardSet())
                text = GuardedText(guards, guards.context(exchange.messages))
                await text.feed(exchange.output)
                await text.finish()
                reports += text.reports
            told(row, judgement.conclude(reports))


def described() -> list[dict[str, object]]:
    """Return every guard that a configuration may name: what it finds, its options, its cost."""
    pure: list[dict[str, object]] = [
        {
            "name": name,
            "finds": entry.meaning,
            "kinds": sorted(entry.kinds),
            "options": sorted({"mode"} | entry.options | _OWN_OPTIONS.get(name, frozenset())),
            "cost": "whole answer, held to its end" if name == "schema" else _PURE_COST,
        }
        for name, entry in catalogue.CATALOGUE.items()
    ]
    asking: list[dict[str, object]] = [
        {
            "name": name,
            "finds": finds,
            "kinds": [],
            "options": sorted(section.model_fields),
            "cost": "whole answer, held to its end; a question to a model",
        }
        for name, finds, section in _ASKING
    ]
    return [*pure, *asking]


async def _open(
    config: Config, name: str, section: DeploymentConfig, stack: AsyncExitStack, *, blocking: bool
) -> GuardSet:
    key = f"deployments.{name}.guards"
    asked: list[Asked] = []
    for kind, mode in _asking(section.guards).items():
        if (mode is Mode.BLOCK) is blocking:
            guard = await _open_asking(kind, section.guards, key)
            stack.push_async_callback(guard.close)
            asked.append(Asked(guard=guard, mode=mode))
    pure = _pure(section.guards, key)
    return GuardSet(
        applied=tuple(each for each in pure if (each.mode is Mode.BLOCK) is blocking),
        asked=tuple(asked),
        canaries=_canaries(section.guards, key),
        response_schema=schema_file.read(section.response_schema),
        limit_s=config.gateway.guard_hold_s,
    )


def _pure(guards: Guards, key: str) -> tuple[Applied, ...]:
    """Return the catalogue's guards; its own errors, with the place in the configuration."""
    built: list[Applied] = []
    for name, settings in guards.pure():
        try:
            built += catalogue.build({name: settings})
        except UnknownGuard as error:
            raise ConfigError(f"{key}.{name}: {error}") from error
    return tuple(built)


def _canaries(guards: Guards, key: str) -> tuple[str, ...]:
    if guards.canary is None:
        return ()
    planted = guards.canary.planted(f"{key}.canary")
    try:
        return GuardContext(canaries=planted).canaries
    except ValueError as error:
        raise ConfigError(f"{key}.canary: {error}") from error


def _asking(guards: Guards) -> Mapping[str, Mode]:
    """Return the modes of the guards that ask somebody else, by name."""
    sections = {name: getattr(guards, name) for name in ("classifier", "judge", "presidio")}
    return {name: Mode(each.mode) for name, each in sections.items() if each is not None}


def _check_classifier(guards: Guards, key: str) -> None:
    section = guards.classifier
    if section is not None and not (section.folder / "config.json").is_file():
        raise ConfigError(
            f"{key}.classifier.folder: {section.folder} holds no model (config.json is missing); "
            "name the folder of a transformers sequence-classification model"
        )


async def _open_asking(name: str, guards: Guards, key: str) -> AnswerGuard:
    section = getattr(guards, name)
    if isinstance(section, JudgeSection):
        return _judge(section, f"{key}.{name}")
    if isinstance(section, ClassifierSection):
        return await _classifier(section)
    return await _presidio(section)


def _judge(section: JudgeSection, key: str) -> AnswerGuard:
    from monitor.engines.judge_guard import Judge, JudgeGuard

    asked = Judge(
        url=section.url, model=section.model, key=section.key(key), limit_s=section.limit_s
    )
    return JudgeGuard("judge", asked)


async def _classifier(section: ClassifierSection) -> AnswerGuard:
    from monitor.engines.classifier_guard import ClassifierGuard  # torch, where it is asked for

    return await ClassifierGuard.open(
        "classifier",
        section.folder,
        dict.fromkeys(section.labels, section.threshold),
        device=section.device,
        limit_s=section.limit_s,
    )


async def _presidio(section: PresidioSection) -> AnswerGuard:
    from monitor.engines.presidio_guard import PresidioGuard

    return await PresidioGuard.open(
        "presidio",
        language=section.language,
        entities=section.entities,
        threshold=section.threshold,
        limit_s=section.limit_s,
    )
