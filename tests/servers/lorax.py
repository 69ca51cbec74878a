"""LoRAX's contract: commit a7394ba, read in its source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.servers import openai
from tests.servers.adapters import MOST_RANK, rank_in
from tests.servers.answers import Word, written
from tests.servers.served import Served


class LoraxServer(Served):
    """A LoRAX server: it loads the adapter that a request names, and remembers what failed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.model = "llama"
        self._failed: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        return [
            web.get("/info", self._info),
            web.post("/generate", self._generate),
            web.post("/generate_stream", self._generate_stream),
            web.post("/v1/chat/completions", self._chat),
        ]

    async def restart(self) -> None:
        """Come back empty, and without a memory."""
        self._failed.clear()
        await super().restart()

    async def _info(self, _request: web.Request) -> web.Response:
        info = {"model_id": self.model, "model_sha": "e985a63", "model_dtype": "torch.float16"}
        return web.json_response({**info, "version": "0.1.0"})

    async def _generate(self, request: web.Request) -> web.Response:
        body = await self.body(request)
        parameters = body["parameters"]
        said = self._against(parameters.get("adapter_id"))
        if said:
            return web.json_response(_failure(said, "generation"), status=424)
        words, _ = written(
            parameters.get("adapter_id"), body["inputs"], parameters["max_new_tokens"]
        )
        return web.json_response({"generated_text": "".join(word.text for word in words)})

    async def _generate_stream(self, request: web.Request) -> web.StreamResponse:
        """Answer 200 whatever happens: what goes wrong is an event."""
        body = await self.body(request)
        parameters = body["parameters"]
        if len(body["inputs"].split()) > 512 or parameters.get("temperature") == 0:
            said = "Input validation error: `inputs` must have less than 512 tokens."
            return await self.stream(request, [_failure(said, "validation")])
        said = self._against(parameters.get("adapter_id"))
        if said:
            return await self.stream(request, [_failure(said, "generation")])
        most = parameters["max_new_tokens"]
        words, reason = written(parameters.get("adapter_id"), body["inputs"], most)
        events: list[object] = [{"token": _token(word), "details": None} for word in words]
        prompt_tokens = len(body["inputs"].split())
        if reason == "length":
            details = {"finish_reason": "length", "prompt_tokens": prompt_tokens}
            events[-1] = {"token": _token(words[-1]), "details": details}
        else:
            end = {"id": 2, "text": "</s>", "logprob": -0.1, "special": True}
            details = {"finish_reason": "eos_token", "prompt_tokens": prompt_tokens}
            events.append({"token": end, "details": details})
        return await self.stream(request, events)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        """Answer without log-probabilities."""
        body = await self.body(request)
        adapter = None if body["model"] == self.model else body["model"]
        said = self._against(adapter)
        if said:
            return await self.stream(request, [_failure(said, "generation")])
        frames = openai.frames(body, adapter)
        return await self.stream(request, [openai.bare(frame) for frame in frames])

    def _against(self, path: str | None) -> str | None:
        if path is None:
            return None
        rank = rank_in(path)
        if path not in self._failed and rank is None:
            self._failed[path] = f"No local weights found in {path} with extension .safetensors"
        if path not in self._failed and rank is not None and rank > MOST_RANK:
            self._failed[path] = f"rank {rank} is larger than {MOST_RANK}"
        said = self._failed.get(path)
        return said and f"Request failed during generation: {said}"


def _failure(said: str, kind: str) -> dict[str, str]:
    return {"error": said, "error_type": kind}


def _token(word: Word) -> Mapping[str, Any]:
    return {"id": word.id, "text": word.text, "logprob": word.logprob, "special": False}
