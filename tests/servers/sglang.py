"""SGLang's contract: version 0.5.23, read in its source."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from tests.servers import openai
from tests.servers.adapters import MOST_RANK, rank_in
from tests.servers.served import Served


class SglangServer(Served):
    """An SGLang server.

    Args:
        folder: of the adapters, as tests see it.
        lora: whether it was started with --enable-lora.

    Attributes:
        hangs: whether unloading never returns (sglang#36894).
    """

    def __init__(self, folder: Path, *, lora: bool = True) -> None:
        super().__init__()
        self.folder = folder
        self.model = "hub/llama:8b"
        self.hangs = False
        self._lora = lora
        self._once: dict[str, str] = {}  # what was ever loaded: it comes back by itself

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        return [
            web.get("/server_info", self._server_info),
            web.get("/model_info", self._model_info),
            web.get("/v1/models", self._models),
            web.post("/load_lora_adapter", self._load),
            web.post("/unload_lora_adapter", self._unload),
            web.post("/v1/completions", self._complete),
            web.post("/v1/chat/completions", self._complete),
        ]

    async def restart(self) -> None:
        """Come back empty, and without a memory."""
        self._once.clear()
        await super().restart()

    async def _server_info(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": "0.5.23", "enable_lora": self._lora})

    async def _model_info(self, _request: web.Request) -> web.Response:
        return web.json_response({"model_path": "/models/llama", "weight_version": "default"})

    async def _models(self, _request: web.Request) -> web.Response:
        base = {"id": self.model, "root": self.model, "parent": None, "max_model_len": 512}
        adapters = [
            {"id": name, "root": path, "parent": self.model, "max_model_len": None}
            for name, path in self.adapters.items()
        ]
        return web.json_response({"object": "list", "data": [base, *adapters]})

    async def _load(self, request: web.Request) -> web.Response:
        body = await self.body(request)
        name, path = body["lora_name"], body["lora_path"]
        refusal = self._against(name, path)
        if refusal is None:
            self.adapters[name] = self._once[name] = path
        return web.json_response(
            {"success": refusal is None, "error_message": refusal or ""},
            status=200 if refusal is None else 400,
        )

    def _against(self, name: str, path: str) -> str | None:
        if not self._lora:
            return "LoRA is not enabled. Please set `--enable-lora` to enable LoRA."
        if name in self.adapters:
            return f"Failed to load LoRA adapter {name} because it is already loaded"
        rank = rank_in(path)
        if rank is None:
            return f"Can't find 'adapter_config.json' at '{path}'"
        if rank > MOST_RANK:
            return (
                f"LoRA adapter {name} with rank {rank} is incompatible with the current LoRA memory "
                "pool configuration. Please ensure that the LoRA adapter's rank is within the "
                "configured `--max-lora-rank`"
            )
        return None

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await self.body(request))["lora_name"]
        known = self.adapters.pop(name, None) is not None
        if self.hangs:
            self.hold.clear()
            await self.hold.wait()
        said = "" if known else f"LoRA with name {name} does not exist."
        body = {"success": known, "error_message": said}
        return web.json_response(body, status=200 if known else 400)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await self.body(request)
        name = body["model"].removeprefix(f"{self.model}:")
        adapter = name if name != body["model"] else body.get("lora_path")
        if adapter is not None and adapter not in self._once:
            return _error(f"Got LoRA adapter that has never been loaded: {adapter}")
        if openai.too_long(body):
            return _error("The input (600 tokens) is longer than the model's context length")
        if "messages" in body and body.get("return_token_ids"):
            return _error("return_token_ids is not supported with streaming")
        if adapter is not None:
            self.adapters.setdefault(adapter, self._once[adapter])
        ids = "token_ids" if body.get("return_token_ids") else ""
        path = self.adapters.get(adapter) if adapter else None
        return await self.stream(request, openai.frames(body, path, ids=ids))


def _error(message: str) -> web.Response:
    body = {"object": "error", "message": message, "type": "BadRequest", "code": 400}
    return web.json_response(body, status=400)
