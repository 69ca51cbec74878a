"""llama.cpp's contract: commit 00dc805, read in its source and its README."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from tests.servers import openai
from tests.servers.served import Served


class LlamacppServer(Served):
    """A llama.cpp server that was started with `--lora` for each of `paths`.

    Its prompt cache holds what another adapter made of the same prompt (llama.cpp#26207): the
    first adapter to see a prompt answers it for all, unless the request forbids the cache.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__()
        self.model = "llama"
        self.paths = list(paths)
        self._seen: dict[str, str | None] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        return [
            web.get("/props", self._props),
            web.get("/lora-adapters", self._adapters),
            web.get("/v1/models", self._models),
            web.post("/v1/completions", self._complete),
            web.post("/v1/chat/completions", self._complete),
        ]

    async def _props(self, _request: web.Request) -> web.Response:
        return web.json_response({"build_info": "b7000-00dc805", "model_path": "llama.gguf"})

    async def _adapters(self, _request: web.Request) -> web.Response:
        listed = [{"id": n, "path": path, "scale": 0.0} for n, path in enumerate(self.paths)]
        return web.json_response(listed)

    async def _models(self, _request: web.Request) -> web.Response:
        meta = {"n_vocab": 1024, "n_params": 15_000_000, "size": 30_000_000}
        return web.json_response({"object": "list", "data": [{"id": self.model, "meta": meta}]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await self.body(request)
        if openai.too_long(body):
            error = {"code": 400, "message": "the request exceeds the available context size"}
            return web.json_response({"error": error}, status=400)
        chosen = [self.paths[entry["id"]] for entry in body["lora"] if entry["scale"] > 0]
        adapter = "+".join(chosen) or None
        if body.get("cache_prompt", True):
            adapter = self._seen.setdefault(openai.prompt_of(body), adapter)
        frames = openai.frames(body, adapter, ids="id", detailed=True)
        asked = body.get("top_logprobs") if "messages" in body else body.get("logprobs")
        return await self.stream(request, frames if asked else [openai.bare(f) for f in frames])
