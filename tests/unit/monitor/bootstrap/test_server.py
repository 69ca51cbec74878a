"""The server's port and folder."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from fastapi import FastAPI

from monitor import config as configuration
from monitor.bootstrap import data_folder, server
from monitor.config import Config
from monitor.errors import ConfigError


def configured(folder: Path, rest: str) -> Config:
    """Return a configuration with some more keys."""
    path = folder / "backstop.yaml"
    path.write_text(f"engine: {{model: m}}\ndeployments: {{support: {{}}}}\n{rest}")
    return configuration.load(path)


def test_a_port_in_use_is_named_with_the_way_out(tmp_path: Path) -> None:
    """Before any work is done."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = configured(tmp_path, f"listen: {{port: {port}}}")
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port} cannot be used.*BACKSTOP_LISTEN"):
            server.listen(config)


@pytest.mark.parametrize("host", ["203.0.113.9", "no such host"])
def test_an_address_of_another_machine_is_named(tmp_path: Path, host: str) -> None:
    """Only an address of this machine can be listened on."""
    with pytest.raises(ConfigError, match=f"listen: {host}"):
        server.listen(configured(tmp_path, f"listen: {{host: {host}}}"))


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(ConfigError, match=r"data_dir: .*/data cannot be made.*you may write"):
        data_folder.prepare(tmp_path / "data")
    with pytest.raises(ConfigError, match="data_dir: "):
        data_folder.prepare(tmp_path / "data" / "below")


def test_a_data_folder_is_one_service_s(tmp_path: Path) -> None:
    """A second one would take the first one's sockets and spool; afterwards it is free again."""
    for _ in range(2):
        with data_folder.owned(tmp_path / "data"):
            second = data_folder.owned(tmp_path / "data")
            with pytest.raises(ConfigError, match="belongs to a service that runs"), second:
                pass


def test_connections_outlive_their_place_in_the_pools_of_callers() -> None:
    """Who closes first closes on a request that is on its way; load balancers keep theirs for 60 s."""
    assert server.settings_of(FastAPI()).timeout_keep_alive > 60
