"""LoRAX: adapters are named in each request by their path, and loaded when they are asked for.

Contract: router/src/lib.rs, server.rs and infer.rs, and server/lorax_server/utils/sources/local.py,
at commit a7394ba of predibase/lorax; see `docs/engines.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from guards.exchange import FinishReason
from monitor.engines.servers import writing
from monitor.engines.servers.client import Client, Reply
from monitor.engines.servers.mount import Mount
from monitor.engines.servers.naming import LoraxNaming
from monitor.engines.servers.server import ServerFacts
from monitor.errors import EngineError
from monitor.ports.engine import Generation, Piece, Token

_LOAD_S = 120.0
_FAILED = 424  # the server's status for an answer that could not be generated


class LoraxEngine:
    """A LoRAX server. Implements `ports.Engine`.

    It cannot be asked which adapters it has: `loaded` are the versions that have answered a probe
    since this engine was opened. That is enough, since it loads what a request names, also after
    it was restarted.
    """

    def __init__(self, client: Client, mount: Mount, naming: LoraxNaming) -> None:
        self._client = client
        self._mount = mount
        self.naming = naming
        self._answered: set[str] = set()

    async def loaded(self) -> frozenset[str]:
        """Return the versions that have answered. Raises `Unavailable` if the server is away."""
        await self._client.ask("/info")
        return frozenset(self._answered)

    async def load(self, version: str, folder: Path) -> None:
        """Have the server answer one token with a version.

        Raises:
            EngineError: with the server's own sentence and what to do.
            Unavailable: the server is away.
        """
        path = self._mount.seen(folder)
        body = {
            "inputs": "Hello",
            "parameters": {"adapter_id": path, "adapter_source": "local", "max_new_tokens": 1},
        }
        reply = await self._client.post("/generate", body, _LOAD_S)
        if not reply.ok:
            raise EngineError(
                f"{version} does not load: the server says: {reply.sentence}; it must see {path}, "
                "or engine.adapters_as must say where it sees data_dir/adapters; it remembers a "
                "failure, so restart it once that is right"
            )
        self._answered.add(version)

    async def unload(self, version: str) -> None:
        """Forget a version here; the server drops adapters by itself when it needs their place."""
        self._answered.discard(version)

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer; tokens come with answers to raw prompts only.

        Its OpenAI-compatible answers never carry log-probabilities.
        """
        if version is not None and version not in self._answered:
            raise EngineError(f"{version} is not loaded: the server has not answered with it yet")
        answer = (
            self._generate(generation, version)
            if writing.is_raw(generation.messages)
            else writing.write(self._client, self.naming, _DIALECT, generation, version)
        )
        async with aclosing(answer):
            async for piece in answer:
                yield piece

    async def facts(self) -> ServerFacts:
        """Ask for its version and the base model's revision."""
        info = await self._client.ask("/info")
        return ServerFacts(
            kind="lorax",
            model=self.naming.model,
            version=info.get("version", ""),
            base={key: info.get(key) for key in ("model_id", "model_sha", "model_dtype")},
        )

    async def examine(self) -> tuple[str, ...]:
        """Look whether the base model's name is the server's: any other is taken for an adapter."""
        served = (await self._client.ask("/info")).get("model_id")
        if served == self.naming.model:
            return ()
        return (
            f"engine.model: the server serves {served} and would look for an adapter named "
            f"{self.naming.model}; write the name that it serves",
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _generate(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Use the server's own protocol, which tells tokens and log-probabilities."""
        prompt = generation.messages[0].content
        body = {"inputs": prompt, "parameters": self._parameters(generation, version)}
        reason: FinishReason | None = None
        prompt_tokens: int | None = None
        events = writing.asked(self._client, "/generate_stream", body, version, _lacks_version)
        async with aclosing(events):
            async for event in events:
                details = event.get("details") or {}
                reason = writing.finish_reason(details.get("finish_reason")) or reason
                prompt_tokens = details.get("prompt_tokens") or prompt_tokens
                yield _piece(event["token"])
        yield writing.ending(self._client, reason, prompt_tokens)

    def _parameters(self, generation: Generation, version: str | None) -> dict[str, Any]:
        """Return its words for what is asked; it refuses a temperature of 0 and a top_p of 1."""
        sampled = generation.temperature > 0
        parameters: dict[str, Any] = {
            "max_new_tokens": generation.max_tokens,
            "details": True,
            "do_sample": sampled,
            "stop": list(generation.stop),
        }
        if sampled:
            parameters["temperature"] = generation.temperature
            parameters["seed"] = generation.seed
            if generation.top_p < 1:
                parameters["top_p"] = generation.top_p
        if generation.logprobs:
            parameters["return_k_alternatives"] = generation.logprobs
        if version is not None:
            parameters |= {"adapter_id": self._mount.path(version), "adapter_source": "local"}
        return parameters


def _lacks_version(reply: Reply) -> bool:
    return reply.status == _FAILED


_DIALECT = writing.Dialect(lacks_version=_lacks_version)


def _piece(token: Mapping[str, Any]) -> Piece:
    """Read a token; what ends an answer is no part of its text."""
    top = tuple(
        (str(t["text"]), float(t["logprob"])) for t in token.get("alternative_tokens") or ()
    )
    read = Token(id=int(token["id"]), text=token["text"], logprob=float(token["logprob"]), top=top)
    return Piece(text="" if token.get("special") else token["text"], tokens=(read,))
