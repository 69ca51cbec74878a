"""The LiteLLM proxy, one worker, in a virtual environment of its own under `.cache/litellm`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import yaml

from bench.peers import environment, programs
from bench.peers.programs import Running

VERSION = "1.106.12"


@contextmanager
def running(folder: Path, target: Running) -> Iterator[Running]:
    """Yield a proxy that sends the model `support` to `target`; installs it where it is missing."""
    home = environment.made("litellm", (f"litellm[proxy]=={VERSION}",))
    port = programs.free_port()
    config = folder / "litellm.yaml"
    config.write_text(yaml.safe_dump(_config(target)))
    command = [
        str(home / "bin" / "litellm"),
        "--config",
        str(config),
        "--host=127.0.0.1",
        f"--port={port}",
        "--num_workers=1",
    ]
    token = f"sk-{secrets.token_hex(32)}"
    settings = {
        "LITELLM_MASTER_KEY": token,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
    }
    with programs.running(
        "litellm", command, port=port, folder=folder, environment=settings
    ) as started:
        yield replace(started, token=token)


def _config(target: Running) -> dict[str, object]:
    parameters = {"model": "openai/support", "api_base": f"{target.url}/v1", "api_key": "none"}
    return {
        "model_list": [{"model_name": "support", "litellm_params": parameters}],
        "litellm_settings": {"telemetry": False, "request_timeout": 600},
    }
