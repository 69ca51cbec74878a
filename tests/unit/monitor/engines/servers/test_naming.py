"""How a relayed request names its version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.config import ServerEngine
from monitor.engines.servers.naming import LlamacppNaming, naming_of
from monitor.errors import EngineError

V1, V2 = "support@3f9a2c1d7b04", "support@000000000000"
_ADAPTERS = Path("/data/adapters")


def _fields(version: str | None, **told: Any) -> Mapping[str, Any]:
    section = ServerEngine.model_validate(
        {"url": "http://127.0.0.1:8000", "model": "llama", **told}
    )
    return naming_of(section, _ADAPTERS).fields(version)


def test_vllm_knows_an_adapter_by_its_name() -> None:
    """The base model has a name of its own."""
    assert _fields(V1, kind="vllm") == {"model": V1}
    assert _fields(None, kind="vllm") == {"model": "llama"}


def test_sglang_knows_an_adapter_behind_its_base_model() -> None:
    """What a caller says of adapters is taken away."""
    assert _fields(V1, kind="sglang") == {"model": f"llama:{V1}", "lora_path": None}
    assert _fields(None, kind="sglang") == {"model": "llama", "lora_path": None}


def test_lorax_knows_an_adapter_by_its_path() -> None:
    """As the server sees it; what a caller says of sources is taken away."""
    named = {"model": f"/data/adapters/{V1}", "adapter_source": "local"}
    assert _fields(V1, kind="lorax") == named
    mounted = {"model": f"/adapters/{V1}", "adapter_source": "local"}
    assert _fields(V1, kind="lorax", adapters_as="/adapters") == mounted
    assert _fields(None, kind="lorax") == {"model": "llama", "adapter_source": None}


def test_llamacpp_is_told_the_share_of_every_adapter() -> None:
    """An empty list would mean what the server was started with; its cache mixes adapters up."""
    naming = LlamacppNaming("llama")
    naming.learn([{"id": 0, "path": "/a/tone.gguf"}, {"id": 1, "path": f"/a/{V1}.gguf"}])
    assert naming.versions == {V1}
    off, on = {"id": 0, "scale": 0.0}, {"id": 1, "scale": 1.0}
    uncached = {"model": "llama", "cache_prompt": False}
    assert naming.fields(V1) == uncached | {"lora": [off, on]}
    assert naming.fields(None) == uncached | {"lora": [off, {"id": 1, "scale": 0.0}]}
    with pytest.raises(EngineError, match=f"--lora {V2}.gguf"):
        naming.fields(V2)


@pytest.mark.parametrize("listed", [{"error": "no"}, [{"id": 0}], None, [{"id": "x", "path": ""}]])
def test_a_list_that_cannot_be_read_is_an_engine_error(listed: object) -> None:
    """What was known before stays known."""
    naming = LlamacppNaming("llama")
    naming.learn([{"id": 0, "path": f"{V1}.gguf"}])
    with pytest.raises(EngineError, match="list of adapters"):
        naming.learn(listed)
    assert naming.versions == {V1}
