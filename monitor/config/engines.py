"""Which engine runs the model, and how it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, SecretStr, Tag, field_validator

from monitor.config.files import secret_or_file
from monitor.config.section import Section, server_address


class LocalEngine(Section):
    """A model that this process runs itself, with transformers and PEFT."""

    kind: Literal["local"] = "local"
    model: Path
    device: str = "auto"
    max_batch: int = Field(default=16, ge=1, le=1024)
    max_waiting: int = Field(default=256, ge=1)
    threads: int | None = Field(default=None, ge=1)


class ServerEngine(Section):
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
        return server_address(url)

    @property
    def unloads(self) -> bool:
        """Whether versions are ever taken off the server."""
        return self.kind != "sglang" if self.unload is None else self.unload

    def key(self) -> str | None:
        """Return the server's API key, if it wants one. Raises `ConfigError`."""
        return secret_or_file(self.api_key, self.api_key_file, "engine.api_key_file")


TAGS = _LOCAL, _SERVER = "a local engine", "a model server"  # no key is named like them


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
