"""vLLM's contract: version 0.32, seen at a real server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.servers import answers, openai
from tests.servers.adapters import MOST_RANK, VERSIONS, WIDE, rank_in
from tests.servers.served import Served


class VllmServer(Served):
    """A vLLM server.

    Args:
        folder: of the adapters, as tests see it.
        updating: whether it was started with VLLM_ALLOW_RUNTIME_LORA_UPDATING.

    Attributes:
        mute: versions whose answers in a chat are empty.
    """

    versions = VERSIONS
    wide = WIDE

    def __init__(self, folder: Path, *, updating: bool = True) -> None:
        super().__init__()
        self.folder = folder
        self.model = "llama"
        self._updating = updating
        self.mute: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        updating = [
            web.post("/v1/load_lora_adapter", self._load),
            web.post("/v1/unload_lora_adapter", self._unload),
        ]
        return [
            web.get("/version", self._version),
            web.get("/v1/models", self._models),
            web.post("/v1/completions", self._complete),
            web.post("/v1/chat/completions", self._complete),
            web.post("/tokenize", self._tokenize),
            *(updating if self._updating else []),
        ]

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": "0.32.0"})

    async def _models(self, _request: web.Request) -> web.Response:
        base = {"id": self.model, "root": f"/models/{self.model}", "parent": None}
        adapters = [
            {"id": name, "root": path, "parent": self.model, "max_model_len": None}
            for name, path in self.adapters.items()
        ]
        return web.json_response({"object": "list", "data": [base, *adapters]})

    async def _load(self, request: web.Request) -> web.Response:
        body = await self.body(request)
        name, path = body["lora_name"], body["lora_path"]
        if name in self.adapters:
            return _error(400, f"The lora adapter '{name}' has already been loaded.")
        rank = rank_in(path)
        if rank is None:
            return _error(404, f"Loading lora {name} failed: No adapter found for <path>")
        if rank > MOST_RANK:
            said = f"LoRA rank {rank} is greater than max_lora_rank {MOST_RANK}."
            return _error(500, f"Call to add_lora method failed: Worker failed with error '{said}'")
        self.adapters[name] = path
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await self.body(request))["lora_name"]
        if name not in self.adapters:
            return _error(404, f"The lora adapter '{name}' cannot be found.")
        del self.adapters[name]
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await self.body(request)
        if body["model"] not in (self.model, *self.adapters):
            return _error(404, f"The model `{body['model']}` does not exist.")
        if openai.too_long(body):
            return _error(400, "This model's maximum context length is 512 tokens.")
        adapter = self.answering(body["model"])
        if "prompt_logprobs" in body:
            told = answers.scored(adapter, body["prompt"])
            return web.json_response({"choices": [{"text": " the", "prompt_logprobs": told}]})
        if body["model"] in self.mute and "messages" in body:
            return await self.stream(request, [*openai.NOTHING])
        return await self.stream(request, openai.frames(body, adapter, ids=_ids(body)))

    def answering(self, model: str) -> str | None:
        """Return the path of the adapter that answers under a name; `None` is the base model."""
        return self.adapters.get(model)

    async def _tokenize(self, request: web.Request) -> web.Response:
        body = await self.body(request)
        if body["model"] not in (self.model, *self.adapters):
            return _error(404, f"The model `{body['model']}` does not exist.")
        ids = [answers.number_of(word) for word in openai.prompt_of(body).split()]
        return web.json_response({"count": len(ids), "max_model_len": 512, "tokens": ids})


def _ids(body: Mapping[str, Any]) -> str:
    return "token_ids" if body.get("return_token_ids") else ""


def _error(status: int, message: str) -> web.Response:
    error = {"message": message, "type": "Error", "param": None, "code": status}
    return web.json_response({"error": error}, status=status)
