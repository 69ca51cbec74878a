"""One real vLLM for all tests, empty at the beginning of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.integration.engines.conftest import make_adapter
from tests.servers.adapters import MOST_RANK, VERSIONS, WIDE
from tests.vllm.process import RealVllm

_BASE = Path("monitor/demo/model")
_TARGETS = (["q_proj", "v_proj"], ["q_proj", "v_proj", "up_proj"], ["down_proj"])


@pytest.fixture(scope="session")
def vllm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealVllm]:
    """Return a running vLLM over the demo's base model, with adapters that change its answers.

    It is started by `make test-vllm`, which says where the tool and its installation are; without
    them the tests fail, for a test of the real thing that is skipped has shown nothing.
    """
    tool, install = os.environ.get("VLLM_CPU"), os.environ.get("VLLM_DIR")
    if not tool or not install:
        pytest.fail("VLLM_CPU and VLLM_DIR are not set; run `make test-vllm`")
    root = tmp_path_factory.mktemp("vllm")
    base, folder = _BASE.resolve(), root / "adapters"
    for seed, (version, targets) in enumerate(zip(VERSIONS, _TARGETS, strict=True)):
        make_adapter(base, folder / version, seed, targets)
    make_adapter(base, folder / WIDE, 9, ["q_proj"], rank=MOST_RANK * 2)
    server = RealVllm(
        tool=Path(tool),
        install=Path(install),
        base=base,
        folder=folder,
        versions=VERSIONS,
        wide=WIDE,
        log=root / "vllm.log",
    )
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def vllm(vllm_server: RealVllm) -> RealVllm:
    """Return the server without any adapter."""
    async with aiohttp.ClientSession(vllm_server.url) as session:
        async with session.get("/v1/models") as response:
            cards = (await response.json())["data"]
        for card in cards:
            if card["parent"] is not None:
                unload = {"lora_name": card["id"]}
                async with session.post("/v1/unload_lora_adapter", json=unload) as response:
                    await response.read()
    return vllm_server


@pytest.fixture
def adapters(vllm_server: RealVllm) -> dict[str, Path]:
    """Return version → folder."""
    return {version: vllm_server.folder / version for version in vllm_server.versions}
