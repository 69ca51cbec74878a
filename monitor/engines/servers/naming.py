"""How a request to each kind of server names the version that shall answer it.

Whoever only relays requests needs this file and none of the engines'.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from monitor.config import ServerEngine
from monitor.engines.servers.mount import Mount, mount_of
from monitor.errors import EngineError
from rollback.manifest import is_version_name

START = (
    "it loads adapters only at its start: convert the version's files with convert_lora_to_gguf.py "
    "and start it with --lora FAMILY@DIGEST.gguf"
)


class VllmNaming:
    """Every adapter is a model of its own. Implements `ports.Naming`."""

    def __init__(self, model: str) -> None:
        self.model = model

    def fields(self, version: str | None) -> Mapping[str, Any]:
        """Return the model's name."""
        return {"model": version or self.model}


class SglangNaming:
    """An adapter is asked for as `base:adapter`. Implements `ports.Naming`."""

    def __init__(self, model: str) -> None:
        self.model = model

    def fields(self, version: str | None) -> Mapping[str, Any]:
        """Return the model's name, and take away the caller's own choice of an adapter."""
        model = self.model if version is None else f"{self.model}:{version}"
        return {"model": model, "lora_path": None}


class LoraxNaming:
    """An adapter is a path and the word `local`. Implements `ports.Naming`."""

    def __init__(self, model: str, mount: Mount) -> None:
        self.model = model
        self._mount = mount

    def fields(self, version: str | None) -> Mapping[str, Any]:
        """Return the model's name, and where it is to be looked for."""
        if version is None:
            return {"model": self.model, "adapter_source": None}
        return {"model": self._mount.path(version), "adapter_source": "local"}


class LlamacppNaming:
    """A request says of each adapter how much of it is used. Implements `ports.Naming`.

    Args:
        model: the server's alias; it answers whatever is asked for.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self._numbers: Mapping[str, int] = {}
        self._count = 0

    def learn(self, listed: Any) -> None:
        """Take the JSON that the server has at `/lora-adapters`. Raises `EngineError`."""
        try:
            paths = {int(item["id"]): str(item["path"]) for item in listed}
        except (TypeError, KeyError, ValueError) as error:
            raise EngineError(f"the server's list of adapters cannot be read: {error!r}") from error
        named = {number: version_in(path) for number, path in paths.items()}
        self._numbers = {version: number for number, version in named.items() if version}
        self._count = len(paths)

    @property
    def versions(self) -> frozenset[str]:
        """The versions that the server was started with."""
        return frozenset(self._numbers)

    def fields(self, version: str | None) -> Mapping[str, Any]:
        """Name every adapter, and forbid the cache of prompts.

        An empty list would mean the server's own setting and not none (llama.cpp#28674), and the
        cache can hold what another adapter made of the same tokens (llama.cpp#26207).

        Raises `EngineError` for a version that the server was not started with.
        """
        if version is not None and version not in self._numbers:
            raise EngineError(how_to_start(version))
        chosen = None if version is None else self._numbers[version]
        scales = [{"id": n, "scale": 1.0 if n == chosen else 0.0} for n in range(self._count)]
        return {"model": self.model, "lora": scales, "cache_prompt": False}


ServerNaming = VllmNaming | SglangNaming | LoraxNaming | LlamacppNaming


def naming_of(section: ServerEngine, adapters: Path) -> ServerNaming:
    """Return how the server that a configuration names is asked.

    Args:
        adapters: folder with a folder for each version, on this machine.
    """
    match section.kind:
        case "vllm":
            return VllmNaming(section.model)
        case "sglang":
            return SglangNaming(section.model)
        case "lorax":
            return LoraxNaming(section.model, mount_of(section, adapters))
        case "llamacpp":
            return LlamacppNaming(section.model)


def version_in(path: str) -> str | None:
    """Return the version that an adapter's path names: its file, or a folder it lies in.

    >>> version_in("/adapters/support@3f9a2c1d7b04.gguf")
    'support@3f9a2c1d7b04'
    >>> version_in("/adapters/support@3f9a2c1d7b04/adapter.gguf")
    'support@3f9a2c1d7b04'
    >>> version_in("adapter.gguf")
    """
    parts = PurePosixPath(path.removesuffix(".gguf")).parts
    return next((part for part in reversed(parts) if is_version_name(part)), None)


def how_to_start(version: str) -> str:
    """Say what a person must do to have a version on a llama.cpp server."""
    return f"{version} is not on the server, and {START.replace('FAMILY@DIGEST', version)}"
