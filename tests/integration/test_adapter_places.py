"""Adapters from the Hugging Face cache and from MLflow, taken in; an alias that follows.

`MLFLOW_URL` names a real MLflow server (`mlflow server --serve-artifacts`) to run against instead of
the one that is written from its documents.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib import request
from uuid import uuid4

import numpy as np
import pytest
from safetensors.numpy import save_file

from monitor.errors import BadAdapter, Unavailable
from monitor.ports.stores import Stores
from monitor.runtime.alias_following import AliasFollowing
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.sources.mlflow import MlflowRegistry
from monitor.storage.sources.mlflow_alias import MlflowAlias
from monitor.storage.sources.places import Places
from rollback.versions import AdapterVersion
from tests.integration.storage.builders import V1, V2, add_verified, promotion, version
from tests.servers import mlflow

pytestmark = pytest.mark.integration

_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_COMMIT = "1f" * 20


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """A folder as PEFT saves it."""
    folder = tmp_path / "saved"
    folder.mkdir()
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}
    (folder / _CONFIG).write_text(json.dumps(config))
    shapes = {"lora_A": (2, 8), "lora_B": (8, 2)}
    prefix = "base_model.model.layers.0.q_proj"
    tensors = {
        f"{prefix}.{part}.weight": np.ones(shape, np.float32) for part, shape in shapes.items()
    }
    save_file(tensors, folder / _WEIGHTS)
    return folder


def _take_in(places: Places, where: str, tmp_path: Path) -> AdapterVersion:
    base = SimpleNamespace(fingerprint="b" * 64, linear={"layers.0.q_proj": (8, 8)})
    store = ArtifactFolder(tmp_path / "store", base)
    with places.opened(where) as source:
        return store.take_in(
            "support", source, label="", parent=None, facts={}, at=datetime.now(UTC)
        )


def _cache(tmp_path: Path, adapter: Path) -> Path:
    """Lay an adapter down as the hub's cache does: names that are links into blobs."""
    repository = tmp_path / "hub" / "models--acme--support-lora"
    snapshot = repository / "snapshots" / _COMMIT
    for folder in (repository / "blobs", repository / "refs", snapshot):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text(_COMMIT)
    for name in (_CONFIG, _WEIGHTS):
        (adapter / name).rename(repository / "blobs" / name)
        (snapshot / name).symlink_to(f"../../blobs/{name}")
    return tmp_path / "hub"


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the hub's client from the network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.mark.usefixtures("_offline")
@pytest.mark.parametrize("revision", ["", "@main", f"@{_COMMIT}"])
def test_a_cached_repository_is_taken_in_without_a_network(
    tmp_path: Path, adapter: Path, revision: str
) -> None:
    """Its commit stands in the version's facts, whatever the revision was called."""
    places = Places(hub_cache=_cache(tmp_path, adapter))
    where = f"hf://acme/support-lora{revision}"
    found = _take_in(places, where, tmp_path)
    assert found.facts == {"source": where, "commit": _COMMIT}


@pytest.mark.usefixtures("_offline")
def test_a_cached_name_that_leads_out_of_its_repository_is_refused(
    tmp_path: Path, adapter: Path
) -> None:
    """Links into the repository's blobs are the cache's way; others are not."""
    cache = _cache(tmp_path, adapter)
    name = cache / "models--acme--support-lora" / "snapshots" / _COMMIT / _CONFIG
    name.unlink()
    (cache / "elsewhere").write_text("{}")
    name.symlink_to("../../../elsewhere")
    with pytest.raises(BadAdapter, match="leads out of the folder"):
        _take_in(Places(hub_cache=cache), "hf://acme/support-lora", tmp_path)


@pytest.mark.usefixtures("_offline")
def test_what_is_not_cached_needs_the_network(tmp_path: Path) -> None:
    """The refusal says what to do."""
    with pytest.raises(Unavailable, match=r"not in the cache.*try again with a network"):
        _take_in(Places(hub_cache=tmp_path), "hf://acme/other@v2", tmp_path)


@pytest.mark.parametrize("where", ["hf://", "hf://acme", "hf://a/b/c", "hf://../x@y", "hf://a/b@"])
def test_what_names_no_repository_is_refused(tmp_path: Path, where: str) -> None:
    """With the form that is meant."""
    with pytest.raises(BadAdapter, match="names no repository"):
        _take_in(Places(hub_cache=tmp_path), where, tmp_path)


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of an MLflow server."""
    real = os.environ.get("MLFLOW_URL")
    if real:
        yield real
        return
    with mlflow.serving() as url:
        yield url


def _call(url: str, path: str, body: bytes, method: str = "POST") -> Any:
    headers = {"Content-Type": "application/json"}
    asked = request.Request(f"{url}/api/2.0/{path}", data=body, headers=headers, method=method)
    with request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def _log(url: str, model: str, adapter: Path, inner: str = "") -> None:
    """Log a run with an adapter and register it, as MLflow's own client does."""
    run = _call(url, "mlflow/runs/create", b'{"experiment_id": "0"}')["run"]["info"]
    place = f"{run['artifact_uri']}/adapter"
    path = place.removeprefix("mlflow-artifacts:/")
    for name in (_CONFIG, _WEIGHTS):
        if (adapter / name).exists():
            content = (adapter / name).read_bytes()
            _call(url, f"mlflow-artifacts/artifacts/{path}/{inner}{name}", content, "PUT")
    named = {"name": model, "source": place, "run_id": run["run_id"]}
    _call(url, "mlflow/model-versions/create", json.dumps(named).encode())


@pytest.fixture
def model(server: str, adapter: Path) -> str:
    """A registered model with two versions; `staging` names the first."""
    name = f"support {uuid4().hex[:6]}"
    _call(server, "mlflow/registered-models/create", json.dumps({"name": name}).encode())
    _log(server, name, adapter)
    _log(server, name, adapter, inner="peft/")
    _alias(server, name, "staging", 1)
    return name


def _alias(url: str, model: str, alias: str, number: int) -> None:
    body = json.dumps({"name": model, "alias": alias, "version": str(number)}).encode()
    _call(url, "mlflow/registered-models/alias", body)


@pytest.mark.parametrize("number", [1, 2])
def test_the_version_that_an_alias_names_is_taken_in(
    server: str, model: str, tmp_path: Path, number: int
) -> None:
    """A plain artifact, or the folder `peft` of a model that MLflow logged itself."""
    _alias(server, model, "staging", number)
    where = f"mlflow://{model}@staging"
    found = _take_in(Places(MlflowRegistry(server)), where, tmp_path)
    assert found.facts == {"source": where, "mlflow": {"model": model, "version": str(number)}}


def test_an_unknown_model_or_alias_is_told_in_the_servers_words(
    server: str, model: str, tmp_path: Path
) -> None:
    """Neither is a fault of the server."""
    places = Places(MlflowRegistry(server))
    for where in (f"mlflow://{model}@nothing", "mlflow://no such model@staging"):
        with pytest.raises(BadAdapter, match=r"not found|INVALID|alias"):
            _take_in(places, where, tmp_path)
    with pytest.raises(BadAdapter, match="names no model; write mlflow://name@alias"):
        _take_in(places, "mlflow://support", tmp_path)


def test_a_version_without_an_adapter_is_refused(
    server: str, model: str, adapter: Path, tmp_path: Path
) -> None:
    """A whole model, say."""
    (adapter / _CONFIG).unlink()
    _log(server, model, adapter)
    _alias(server, model, "staging", 3)
    with pytest.raises(BadAdapter, match=f"holds no {_CONFIG}"):
        _take_in(Places(MlflowRegistry(server)), f"mlflow://{model}@staging", tmp_path)


def test_artifacts_past_the_server_are_refused(tmp_path: Path) -> None:
    """A path on the server's disk, or a bucket that needs keys of its own."""
    with mlflow.serving() as url:
        for path in ("registered-models/create", "model-versions/create"):
            _call(url, f"mlflow/{path}", b'{"name": "m", "source": "s3://bucket/adapter"}')
        _alias(url, "m", "staging", 1)
        with pytest.raises(BadAdapter, match=r"lies at s3.*--serve-artifacts"):
            _take_in(Places(MlflowRegistry(url)), "mlflow://m@staging", tmp_path)


def test_the_token_goes_along(tmp_path: Path) -> None:
    """Without it the server refuses, which is no word about the model."""
    with mlflow.serving(token="t0ken") as url:
        with pytest.raises(Unavailable, match="401: You are not authenticated"):
            _take_in(Places(MlflowRegistry(url)), "mlflow://m@staging", tmp_path)
        with pytest.raises(BadAdapter, match="not found"):
            _take_in(Places(MlflowRegistry(url, "t0ken")), "mlflow://m@staging", tmp_path)


def test_a_server_that_is_away_or_not_configured_is_told(tmp_path: Path) -> None:
    """One may come back; the other needs a line in the configuration."""
    with mlflow.serving() as url:
        gone = MlflowRegistry(url)
    with pytest.raises(Unavailable, match="does not answer"):
        _take_in(Places(gone), "mlflow://m@staging", tmp_path)
    with pytest.raises(BadAdapter, match=r"registry\.mlflow\.url"):
        _take_in(Places(), "mlflow://m@staging", tmp_path)


def _register(stores: Stores, name: str, model: str, number: int) -> None:
    facts = {"mlflow": {"model": model, "version": str(number)}}
    add_verified(stores, replace(version(name, f"v{number}"), facts=facts))


async def test_the_alias_follows_promotion_and_rollback(
    stores: Stores, server: str, model: str
) -> None:
    """Once for each flip, and every move stands in the audit trail."""
    registry = MlflowRegistry(server)
    stores.deployments.ensure("support")
    _register(stores, V1, model, 1)
    _register(stores, V2, model, 2)
    following = AliasFollowing(stores, MlflowAlias(registry, "champion"), lambda: True)
    named = []
    for flip in (promotion(V1, None, 0), promotion(V2, V1, 1), promotion(V1, None, 2)):
        stores.deployments.flip(flip)
        for _ in range(2):
            await following.follow()
        named.append(registry.aliased(model, "champion").version)
    assert named == ["1", "2", "1"]
    moves = [row for row in stores.audit.rows() if row.action == "alias.moved"]
    assert [row.payload["version"] for row in moves] == [V1, V2, V1]
    assert moves[2].payload["outcome"] == f"{model}@champion names version 1; it named version 2"


async def test_a_registry_that_is_away_holds_nothing_up(stores: Stores) -> None:
    """The flip stands, the failure is recorded once, and the alias follows later."""
    with mlflow.serving() as url:
        gone = MlflowRegistry(url)
    stores.deployments.ensure("support")
    _register(stores, V1, "m", 1)
    stores.deployments.flip(promotion(V1, None, 0))
    following = AliasFollowing(stores, MlflowAlias(gone, "champion"), lambda: True)
    for _ in range(3):
        await following.follow()
    rows = [row for row in stores.audit.rows() if row.action.startswith("alias")]
    assert [row.action for row in rows] == ["alias.failed"]
    assert "does not answer" in rows[0].payload["outcome"]


async def test_a_version_from_elsewhere_moves_no_alias(stores: Stores) -> None:
    """MLflow knows nothing of it."""
    with mlflow.serving() as url:
        registry = MlflowRegistry(url)
        stores.deployments.ensure("support")
        add_verified(stores, version(V1, "v1"))
        stores.deployments.flip(promotion(V1, None, 0))
        await AliasFollowing(stores, MlflowAlias(registry, "champion"), lambda: True).follow()
    assert not [row for row in stores.audit.rows() if row.action.startswith("alias")]
