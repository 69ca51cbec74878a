"""Overhead of watching: the local engine with scoring and recording on, against off.

The same prompts go through the same engine in alternating rounds, so that a noisy minute hits both
sides. `off` makes the exchange and throws it away; `on` hands it over, and it is scored (beside a frozen
reference of the same model), recorded in Postgres and judged, all in this process. The peer is transformers'
own `generate` in static batches of the same size, without any service around it.

Watching costs a fixed time per answer, so the ratio depends on how long an answer takes. Two models
are measured: the demo's, which is far smaller than anything in production and so the worst case,
and a Llama of 20 million parameters with random weights.

    make bench-local ARGS="--rounds 6"
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from bench import output
from guards.exchange import Message
from guards.reference import Reference
from monitor.bootstrap.local_loop import LocalLoop, Settings, open_local_loop
from monitor.demo import traffic
from monitor.demo.cast import MODEL
from monitor.engines.fingerprint import base_facts
from monitor.engines.local import LocalEngine
from monitor.gateway.draft import Draft
from monitor.ports.engine import Generation
from monitor.ports.handover import Reported
from monitor.ports.stores import Stores
from monitor.runtime.loops import keep_running
from monitor.runtime.routing import Route
from monitor.storage import migrate
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded
from monitor.storage.spool import FileSpool
from monitor.storage.stores import open_stores
from rollback.policy import Policy

_TOKENS = 32
_ROWS = 16
_ROUTE = Route(deployment="support", active=None, epoch=0)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=6, help="of each side")
    asked = parser.parse_args()
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, model, count in (
            ("demo, 1.4 M", MODEL, 800),
            ("random, 20 M", larger_model(Path(folder)), 96),
        ):
            found, note = compare(name, model, asked.rounds, count)
            rows += found
            notes.append(note)
    output.show("Overhead of watching, local engine", rows, notes, asked.json)


def compare(name: str, model: Path, rounds: int, count: int) -> tuple[list[dict[str, Any]], str]:
    """Return the rows of one model, and the ratio of its paired rounds in words."""
    with database(model) as stores:
        rates = asyncio.run(measure(stores, model, rounds, count))
    rates["generate"] = [plain_generate(model, count) for _ in range(2)]
    base = statistics.median(rates["off"])
    rows = [
        {
            "model": name,
            "side": side,
            "answers/s (median)": statistics.median(found),
            "of off": statistics.median(found) / base,
            "rounds": len(found),
        }
        for side, found in rates.items()
    ]
    ratios = [on / off for on, off in zip(rates["on"], rates["off"], strict=True)]
    cost = 1000 * (1 / statistics.median(rates["on"]) - 1 / base)
    note = (
        f"{name}: on/off, median over paired rounds {statistics.median(ratios):.3f} "
        f"({min(ratios):.3f} to {max(ratios):.3f}; bar: at least 0.95); "
        f"{cost:.2f} ms of wall time per answer"
    )
    return rows, note


def larger_model(folder: Path) -> Path:
    """Make a Llama with random weights and the demo's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=512,
        intermediate_size=1408,
        num_hidden_layers=6,
        num_attention_heads=8,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


async def measure(stores: Stores, model: Path, rounds: int, count: int) -> dict[str, list[float]]:
    """Return answers per second of each round, by side."""
    engine = LocalEngine.open(model, max_batch=_ROWS)
    prompts = [request.message for request in islice(traffic.requests(7), count)]
    stores.deployments.ensure(_ROUTE.deployment)
    await _freeze_reference(engine, stores, prompts)
    rates: dict[str, list[float]] = {"off": [], "on": []}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(replica="bench", scorer="bench", link="", queue=100_000)
        spool = FileSpool(Path(folder), 1 << 30)
        loop = open_local_loop(
            stores, engine, {_ROUTE.deployment: Policy()}, {}, stores.exchanges, spool, settings
        )
        await loop.closed.leadership.renew()
        loops = {**loop.loops(), "leadership": loop.closed.leadership.run}
        tasks = [
            asyncio.create_task(keep_running(name, each, loop.closed.troubles))
            for name, each in loops.items()
        ]
        try:
            await _round(engine, prompts, None)
            for _ in range(rounds):
                rates["off"].append(await _round(engine, prompts, None))
                rates["on"].append(await _round(engine, prompts, loop))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(engine.close)
    return rates


async def _round(engine: LocalEngine, prompts: Sequence[str], loop: LocalLoop | None) -> float:
    """Answer all prompts, and watch them where there is a loop; return answers per second."""
    places = asyncio.Semaphore(_ROWS)
    began = time.perf_counter()

    async def ask(prompt: str) -> None:
        async with places:
            draft = await _answer(engine, prompt)
            exchange = draft.exchange()
            if loop is not None:
                loop.handover.offer(Reported(exchange=exchange))

    await asyncio.gather(*(ask(prompt) for prompt in prompts))
    if loop is not None:  # the time to record and judge the last answers counts too
        await loop.handover.settled()
        await loop.closed.judging.catch_up()
    return len(prompts) / (time.perf_counter() - began)


async def _answer(engine: LocalEngine, prompt: str) -> Draft:
    draft = _draft(prompt)
    generation = Generation(messages=draft.messages, max_tokens=_TOKENS, temperature=0.0)
    async for piece in engine.complete(generation, None):
        draft.add(piece, time.monotonic())
    return draft


def _draft(prompt: str) -> Draft:
    return Draft(
        id=f"bench-{time.perf_counter_ns()}",
        route=_ROUTE,
        messages=(Message(role="user", content=prompt),),
        started_at=datetime.now(UTC),
        started=time.monotonic(),
        request_id="bench",
    )


async def _freeze_reference(engine: LocalEngine, stores: Stores, prompts: Sequence[str]) -> None:
    answers = [(await _answer(engine, prompt)).exchange() for prompt in prompts[:150]]
    reference = Reference.fit(answers, seed=0)
    stores.evidence.save_reference(
        None, _ROUTE.deployment, reference.to_bytes(), reference.size, datetime.now(UTC)
    )


def plain_generate(folder: Path, count: int) -> float:
    """Return answers per second of transformers' `generate` in static batches."""
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    chats = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": request.message}],
            tokenize=False,
            add_generation_prompt=True,
        )
        for request in islice(traffic.requests(7), count)
    ]
    began = time.perf_counter()
    for start in range(0, count, _ROWS):
        batch = tokenizer(
            chats[start : start + _ROWS],
            return_tensors="pt",
            padding=True,
            add_special_tokens=False,
        )
        inputs = {key: batch[key] for key in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            model.generate(
                **inputs,
                max_new_tokens=_TOKENS,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )
    return count / (time.perf_counter() - began)


@contextmanager
def database(model: Path) -> Iterator[Stores]:
    """Yield stores over a fresh embedded Postgres, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bs-") as folder:
        Path(folder).chmod(0o711)
        server = Embedded(Path(folder) / "postgres")
        sql = open_engine(server.start())
        try:
            migrate.upgrade(sql)
            yield open_stores(sql, ArtifactFolder(Path(folder) / "adapters", base_facts(model)))
        finally:
            sql.dispose()
            server.stop()


if __name__ == "__main__":
    main()
