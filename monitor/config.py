"""The configuration: one YAML file, `BACKSTOP_` variables over it, read once and passed down.

Unknown keys are refused with the nearest known one. Secrets come from files or the environment
and are masked in `repr`.
"""

from __future__ import annotations

import difflib
import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from monitor.errors import ConfigError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Section):
    """Where the service listens: loopback unless told otherwise."""

    host: str = "127.0.0.1"
    port: int = Field(default=8377, ge=1, le=65535)

    @property
    def url(self) -> str:
        """Where clients on this machine find the service, without a path."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class LocalEngine(_Section):
    """A model that this process runs itself, with transformers and PEFT."""

    kind: Literal["local"] = "local"
    model: Path
    device: str = "auto"
    max_batch: int = Field(default=16, ge=1, le=1024)
    max_waiting: int = Field(default=256, ge=1)
    threads: int | None = Field(default=None, ge=1)


class ServerEngine(_Section):
    """A model server that Backstop stands in front of.

    Args:
        url: where the server listens, without `/v1`; callers must not reach it themselves.
        model: name under which the server serves the base model.
        folder: files of the base model, so that an adapter that does not fit is refused early.
        adapters_as: where the server sees `data_dir/adapters`, if it sees it elsewhere (a mount).
        unload: whether versions that were quarantined are taken off the server. Without a word they
            are, but not off SGLang, where unloading can hang the server (`docs/engines.md`).
        places: requests that may be with the server at once; more are refused (429).
        logprobs: whether to ask for log-probabilities that the caller did not ask for, and to take
            them out again of what the caller sees.
        connect_s, first_byte_s, idle_s: limits in seconds, until it is connected, until the
            answer begins, and between two parts of an answer.
    """

    kind: Literal["vllm", "sglang", "lorax", "llamacpp"]
    url: str
    model: str
    folder: Path | None = None
    adapters_as: Path | None = None
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    unload: bool | None = None
    places: int = Field(default=2048, ge=1)
    logprobs: bool = False
    connect_s: float = Field(default=5.0, gt=0)
    first_byte_s: float = Field(default=600.0, gt=0)
    idle_s: float = Field(default=120.0, gt=0)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be http://HOST:PORT or https://HOST:PORT")
        if parts.query or parts.fragment or parts.path.rstrip("/").endswith("/v1"):
            raise ValueError("must be the server's address without /v1: http://HOST:PORT")
        return url.rstrip("/")

    @property
    def unloads(self) -> bool:
        """Whether versions are ever taken off the server."""
        return self.kind != "sglang" if self.unload is None else self.unload

    def key(self) -> str | None:
        """Return the server's API key, if it wants one. Raises `ConfigError`."""
        if self.api_key is not None:
            return self.api_key.get_secret_value()
        if self.api_key_file is None:
            return None
        return read_secret(self.api_key_file, "engine.api_key_file")


_LOCAL, _SERVER = "a local engine", "a model server"  # tags that no key is named like


def _kind_of(section: object) -> str:
    """Return which kind of engine a section describes; without a word it is a local one."""
    if isinstance(section, Mapping):
        kind = section.get("kind", "local")
    else:
        kind = getattr(section, "kind", "local")
    return _LOCAL if kind == "local" else _SERVER


EngineSection = Annotated[
    Annotated[LocalEngine, Tag(_LOCAL)] | Annotated[ServerEngine, Tag(_SERVER)],
    Discriminator(_kind_of),
]


class Gateways(_Section):
    """The processes that face callers, in front of a model server.

    Args:
        workers: gateway processes on this machine; they share the port.
        drain_s: how long streams may take to finish once the service is to stop.
        tee_answer_mb, tee_sum_mb: how much of one answer, and of all answers under way together, is
            kept for the record; what is beyond is relayed all the same, and counted.
        handover_mb: how much may wait in a gateway while the scorer is away.
        spool_mb: how much may wait on disk while Postgres is away.
        pass_through: further paths to relay as they are, for callers: `/v1/embeddings`, say.
        record: whether answers are recorded and judged at all; without it this is a router only.
    """

    workers: int = Field(default=1, ge=1, le=64)
    drain_s: float = Field(default=30.0, ge=0)
    tee_answer_mb: float = Field(default=1.0, gt=0)
    tee_sum_mb: float = Field(default=64.0, gt=0)
    handover_mb: float = Field(default=64.0, gt=0)
    spool_mb: float = Field(default=1024.0, gt=0)
    pass_through: tuple[str, ...] = ("/v1/embeddings",)
    record: bool = True


class DeploymentConfig(_Section):
    """A public model name. Paths are relative to the configuration file."""

    golden: Path | None = None
    policy: Path | dict[str, Any] = Field(default_factory=dict)
    response_schema: Path | None = None

    @field_validator("policy", mode="before")
    @classmethod
    def _is_path_or_mapping(cls, policy: object) -> object:
        if isinstance(policy, str | Path | Mapping):
            return policy
        raise ValueError("must be a mapping of a policy's keys, or the path of a file with them")


class Receiver(_Section):
    """Where notices go. Exactly one of `url` (environment) and `url_file` is given."""

    kind: Literal["slack", "webhook"]
    url: SecretStr | None = None
    url_file: Path | None = None
    secret_file: Path | None = None
    allow_private: bool = False

    def address(self, name: str) -> str:
        """Return the URL. Raises `ConfigError` if there is none."""
        if self.url is not None:
            return self.url.get_secret_value()
        if self.url_file is None:
            raise ConfigError(f"receivers.{name}: give url_file, or url by environment")
        return read_secret(self.url_file, f"receivers.{name}.url_file")


class Record(_Section):
    """What is kept of each answer, and for how long."""

    text: bool = False
    keep_days: int = Field(default=180, ge=1)
    keep_text_days: int = Field(default=7, ge=0)
    queue: int = Field(default=10_000, ge=1)


class ScheduleConfig(_Section):
    """When jobs run: cron expressions in `timezone`; empty means never."""

    timezone: str = "UTC"
    golden: str = "0 3 * * *"
    report: str = "0 8 * * *"
    retention: str = "30 2 * * *"


class Config(BaseSettings):
    """Everything the service is told."""

    model_config = SettingsConfigDict(
        env_prefix="BACKSTOP_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data_dir: Path = Field(default_factory=lambda: default_data_dir())
    database: SecretStr = SecretStr("embedded")
    listen: Listen = Listen()
    engine: EngineSection
    gateway: Gateways = Gateways()
    deployments: dict[str, DeploymentConfig]
    receivers: dict[str, Receiver] = Field(default_factory=dict)
    record: Record = Record()
    schedule: ScheduleConfig = ScheduleConfig()

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


def load(path: Path) -> Config:
    """Read a configuration file. Raises `ConfigError` with one line per mistake."""
    raw = _read_yaml(path)
    _refuse_secrets(path, raw)
    try:
        config = Config(**raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: " + "; ".join(_explain(error))) from error
    except SettingsError as error:
        raise ConfigError(
            f"environment: {error}; write JSON, or one variable for each key "
            "(BACKSTOP_LISTEN__PORT=8377)"
        ) from error
    return _resolve(config, path.resolve().parent)


def _refuse_secrets(path: Path, raw: Mapping[str, Any]) -> None:
    """Refuse a receiver's address in the file: whoever has it may write into the chat."""
    receivers = raw.get("receivers")
    for name, section in receivers.items() if isinstance(receivers, dict) else ():
        if isinstance(section, dict) and "url" in section:
            raise ConfigError(
                f"{path}: receivers.{name}.url: an address is a secret and does not belong here; "
                "write it into a file and name that as url_file, or give it as "
                f"BACKSTOP_RECEIVERS__{str(name).upper()}__URL"
            )


def default_data_dir() -> Path:
    """Return where data goes: never under a home directory as root, see `storage.embedded`."""
    if os.geteuid() == 0:
        return Path("/var/lib/backstop")
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "backstop"


def read_secret(path: Path, key: str) -> str:
    """Read a one-line secret. Raises `ConfigError` that names the key, never the content."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}: cannot read {path}: {_reason(error)}") from error
    if not text:
        raise ConfigError(f"{key}: {path} is empty; write the secret into it")
    return text


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML (or JSON) file that holds a mapping. Raises `ConfigError`."""
    return _read_yaml(path)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file; README.md shows a configuration to start from"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must hold a mapping of keys to values")
    for key in content:
        if not isinstance(key, str):
            raise ConfigError(f"{path}: {key!r}: unknown key; keys are words")
    return content


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _explain(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        location = [str(part) for part in item["loc"] if part not in (_LOCAL, _SERVER)]
        where = ".".join(location)
        if item["type"] == "extra_forbidden":
            yield f"{where}: unknown key{_nearest(location)}"
        elif item["type"] == "missing":
            yield f"{where}: is missing"
        elif item["type"] == "model_type":
            yield f"{where}: must be a mapping of keys to values"
        else:
            yield f"{where}: {item['msg'].removeprefix('Value error, ')}"


def _nearest(location: list[str]) -> str:
    near = difflib.get_close_matches(location[-1], _known_keys(location[:-1]), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _known_keys(location: list[str]) -> list[str]:
    """Return the keys of the section, of whatever kind, that a location of an error points into."""
    fields: Mapping[str, Any] = Config.model_fields
    for part in location:
        if part in fields:
            sections = list(_sections_of(fields[part].annotation))
            known = [section.model_fields.items() for section in sections]
            fields = dict(itertools.chain(*known)) if sections else fields
    return list(fields)


def _sections_of(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_of(part)


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


def _resolve(config: Config, base: Path) -> Config:
    """Make the paths absolute, relative ones against the configuration file's folder."""
    deployments = {
        name: deployment.model_copy(
            update={
                "golden": _under(base, deployment.golden),
                "policy": _under(base, deployment.policy)
                if isinstance(deployment.policy, Path)
                else deployment.policy,
                "response_schema": _under(base, deployment.response_schema),
            }
        )
        for name, deployment in config.deployments.items()
    }
    receivers = {
        name: receiver.model_copy(
            update={
                "url_file": _under(base, receiver.url_file),
                "secret_file": _under(base, receiver.secret_file),
            }
        )
        for name, receiver in config.receivers.items()
    }
    engine = _resolve_engine(config.engine, base)
    return config.model_copy(
        update={
            "data_dir": _under(base, config.data_dir),
            "engine": engine,
            "deployments": deployments,
            "receivers": receivers,
        }
    )


def _resolve_engine(engine: LocalEngine | ServerEngine, base: Path) -> LocalEngine | ServerEngine:
    if isinstance(engine, LocalEngine):
        return engine.model_copy(update={"model": _under(base, engine.model)})
    return engine.model_copy(
        update={
            "folder": _under(base, engine.folder),
            "api_key_file": _under(base, engine.api_key_file),
        }
    )


def _under(base: Path, path: Path | None) -> Path | None:
    return None if path is None else (base / path.expanduser()).resolve()
