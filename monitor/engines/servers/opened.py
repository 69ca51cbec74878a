"""The engine's server that a configuration names."""

from __future__ import annotations

from pathlib import Path

from monitor.config import ServerEngine
from monitor.engines.servers.client import Client
from monitor.engines.servers.llamacpp import LlamacppEngine
from monitor.engines.servers.lorax import LoraxEngine
from monitor.engines.servers.mount import mount_of
from monitor.engines.servers.naming import LoraxNaming, SglangNaming, VllmNaming, naming_of
from monitor.engines.servers.server import ModelServer
from monitor.engines.servers.sglang import SglangEngine
from monitor.engines.servers.vllm import VllmEngine


def open_server(section: ServerEngine, adapters: Path) -> ModelServer:
    """Return the server that a configuration names; nothing is sent to it yet.

    Args:
        adapters: folder with a folder for each version, on this machine.

    Raises:
        ConfigError: its API key cannot be read.
    """
    client = Client(
        section.url,
        section.key(),
        connect_s=section.connect_s,
        first_byte_s=section.first_byte_s,
        idle_s=section.idle_s,
    )
    mount, unloads = mount_of(section, adapters), section.unloads
    naming = naming_of(section, adapters)
    if isinstance(naming, VllmNaming):
        return VllmEngine(client, mount, naming, unloads=unloads)
    if isinstance(naming, SglangNaming):
        return SglangEngine(client, mount, naming, unloads=unloads)
    if isinstance(naming, LoraxNaming):
        return LoraxEngine(client, mount, naming)
    return LlamacppEngine(client, naming)
