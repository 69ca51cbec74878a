"""The configuration of a model server, and of the gateways before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor import config
from monitor.config import ServerEngine
from monitor.errors import ConfigError

ENGINE = "engine: {kind: vllm, url: 'http://127.0.0.1:8000/', model: llama%s}\n"
DEPLOYMENTS = "deployments: {support: {}}\n"


def load(folder: Path, extra: str = "", more: str = "") -> config.Config:
    """Write a configuration file and read it."""
    file = folder / "backstop.yaml"
    file.write_text(ENGINE % extra + DEPLOYMENTS + more, encoding="utf-8")
    return config.load(file)


def test_a_server_is_named_by_its_address(tmp_path: Path) -> None:
    """Paths lie beside the file; a slash at the address' end is no part of it."""
    engine = load(tmp_path, ", folder: base").engine
    assert isinstance(engine, ServerEngine)
    assert (engine.kind, engine.url, engine.folder) == (
        "vllm",
        "http://127.0.0.1:8000",
        tmp_path / "base",
    )


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (
            "engine: {kind: vllm, url: 'http://h:1/v1', model: m}\n" + DEPLOYMENTS,
            "engine.url: must be the server's address without /v1",
        ),
        (
            "engine: {kind: vllm, url: 'h:8000', model: m}\n" + DEPLOYMENTS,
            "engine.url: must be http://HOST:PORT",
        ),
        ("engine: {kind: vllm, model: m}\n" + DEPLOYMENTS, "engine.url: is missing"),
        (
            "engine: {kind: vllm, url: 'http://h:1', model: m, foldr: x}\n" + DEPLOYMENTS,
            "engine.foldr: unknown key; did you mean 'folder'?",
        ),
        (
            ENGINE % "" + DEPLOYMENTS + "gateway: {worker: 2}",
            "gateway.worker: unknown key; did you mean 'workers'?",
        ),
        (ENGINE % "" + DEPLOYMENTS + "gateway: {workers: 0}", "gateway.workers: "),
    ],
)
def test_a_mistake_about_a_server_names_its_key(tmp_path: Path, file: str, sentence: str) -> None:
    """The sentence says which key, and what it should be."""
    path = tmp_path / "backstop.yaml"
    path.write_text(file, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        config.load(path)
    assert sentence in str(refused.value)


def test_the_server_s_key_comes_from_a_file_and_is_masked(tmp_path: Path) -> None:
    """A key never stands in a message."""
    (tmp_path / "key").write_text("s3cret\n")
    (tmp_path / "key").chmod(0o600)
    engine = load(tmp_path, ", api_key_file: key").engine
    assert isinstance(engine, ServerEngine)
    assert engine.key() == "s3cret"
    assert "s3cret" not in repr(engine)


def test_the_number_of_workers_can_be_given_apart(tmp_path: Path) -> None:
    """What the command line says goes over the file."""
    assert config.with_workers(load(tmp_path), 3).gateway.workers == 3


def test_the_local_engine_has_one_process(tmp_path: Path) -> None:
    """Several gateways before one embedded model would be several models."""
    file = tmp_path / "backstop.yaml"
    file.write_text("engine: {model: m}\n" + DEPLOYMENTS)
    with pytest.raises(ConfigError, match="one process"):
        config.with_workers(config.load(file), 2)
