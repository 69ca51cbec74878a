"""What the configuration says of shadows and canaries, as the parts take it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from guards.declared import Prices
from guards.worth import Source
from monitor.config import Config, DeploymentConfig
from monitor.config.hours import Hours
from monitor.runtime.shadowing import ShadowPlan
from rollback.canary_policy import CanaryPolicy


def canaries(config: Config) -> Mapping[str, CanaryPolicy]:
    """Return by what rules each deployment's canaries go."""
    return {name: section.canary.policy() for name, section in config.deployments.items()}


def shadows(config: Config) -> Mapping[str, ShadowPlan]:
    """Return how many prompts are shadowed, for the deployments whose rate the service sets."""
    return {
        name: _plan(section)
        for name, section in config.deployments.items()
        if section.shadow.is_used
    }


def worth(config: Config) -> Mapping[str, Collection[Source]]:
    """Return where the worth of each deployment's answers is read."""
    return {
        name: frozenset(map(Source, section.shadow.score))
        for name, section in config.deployments.items()
    }


def _plan(section: DeploymentConfig) -> ShadowPlan:
    prices, shadow = section.prices, section.shadow
    return ShadowPlan(
        rate=shadow.rate,
        on_suspicion_rate=shadow.on_suspicion_rate,
        hours=tuple(map(Hours.parse, shadow.hours)),
        prices=None if prices is None else Prices(prompt=prices.prompt, output=prices.output),
        most_cost_per_day=shadow.most_cost_per_day,
    )
