"""Reads the files that a configuration names, before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guards import golden, patterns
from guards.declared import Declared, Prices
from guards.golden import GoldenCase, GoldenSetError
from guards.patterns import PatternError
from monitor.bootstrap import embedding, policy_file, schema_file
from monitor.config import Config, DeploymentConfig, LocalEngine
from monitor.errors import ConfigError
from rollback.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFiles:
    """What the section and the files of one deployment say."""

    policy: Policy
    response_schema: Mapping[str, Any] | None
    declared: Declared
    golden: tuple[GoldenCase, ...] | None


def read(config: Config) -> Mapping[str, DeploymentFiles]:
    """Read every deployment's files. Raises `ConfigError` that names the file."""
    if isinstance(config.engine, LocalEngine):
        _check_model("engine.model", config.engine.model, "config.json")
    elif config.engine.folder is not None:
        _check_model("engine.folder", config.engine.folder, "config.json", "*.safetensors")
    embedding.check(config)
    return {name: _read_one(name, section) for name, section in config.deployments.items()}


def _check_model(key: str, folder: Path, *patterns: str) -> None:
    for pattern in patterns:
        if not any(file.is_file() for file in folder.glob(pattern)):
            raise ConfigError(
                f"{key}: {folder} holds no model ({pattern} is missing); "
                "name the folder of a transformers model"
            )


def schemas(files: Mapping[str, DeploymentFiles]) -> Mapping[str, Mapping[str, Any]]:
    """Return deployment → JSON Schema that its answers must satisfy, where one is declared."""
    return {
        name: each.response_schema
        for name, each in files.items()
        if each.response_schema is not None
    }


def declared(files: Mapping[str, DeploymentFiles]) -> Mapping[str, Declared]:
    """Return deployment → what else is declared of its answers, where anything is."""
    nothing = Declared()
    return {name: each.declared for name, each in files.items() if each.declared != nothing}


def _read_one(name: str, section: DeploymentConfig) -> DeploymentFiles:
    return DeploymentFiles(
        policy=_policy(name, section),
        response_schema=schema_file.read(section.response_schema),
        declared=_declared(name, section),
        golden=_golden(section.golden),
    )


def _declared(name: str, section: DeploymentConfig) -> Declared:
    """Return what is declared. Raises `ConfigError` for a regular expression that is none."""
    cited = () if section.citation is None else (section.citation,)
    for pattern in (*section.must_match, *section.must_not_match, *cited):
        try:
            patterns.compiled_pattern(pattern)
        except PatternError as error:
            raise ConfigError(f"deployments.{name}: {error}") from error
    prices = section.prices
    return Declared(
        must_match=section.must_match,
        must_not_match=section.must_not_match,
        citation=section.citation,
        prices=Prices(prompt=prices.prompt, output=prices.output) if prices else None,
    )


def _policy(name: str, section: DeploymentConfig) -> Policy:
    source = section.policy
    if isinstance(source, Path):
        return policy_file.read_policy(source)
    return policy_file.parsed(source, f"deployments.{name}.policy")


def _golden(path: Path | None) -> tuple[GoldenCase, ...] | None:
    if path is None:
        return None
    try:
        return tuple(golden.parse_cases(schema_file.text_of(path)))
    except GoldenSetError as error:
        raise ConfigError(f"{path}: {error}") from error
