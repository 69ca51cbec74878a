"""Speed of answering a golden set, against lm-evaluation-harness with its `hf` backend.

Same model, cases, device and threads. Two sets, each with written answers (greedy, a stop string) and
multiple choice by likelihood: one whose prompts share a long beginning (a few-shot prompt), and one
whose prompts share nothing. The model is a Llama of random weights. Loading counts for neither side;
of the harness's batch sizes the best one counts. The harness lives in an environment of its own:

    make bench-golden ARGS="--cases 128"
    make bench-golden ARGS="--device cuda --vllm"   # on a GPU, also against vLLM's offline engine
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from bench import output
from bench.peers import environment
from guards.exchange import Message
from monitor.demo import corpus
from monitor.demo.cast import MODEL
from monitor.engines.local import LocalEngine
from monitor.engines.packing import Packing
from monitor.ports.engine import Generation

_SIDE = Path(__file__).parent / "peers" / "harness_side.py"
_PACKAGES = (f"torch=={torch.__version__.split('+')[0]}", "transformers==5.23.0", "lm-eval[hf]")
_WINDOW = 64
_STOP = "e"
_TOKENS = 48
_WORDS = 60  # of the shared beginning

Case = dict[str, Any]  # prompt, choices


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--cases", type=int, default=128)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--batches", nargs="+", default=["8", "16", "auto"])
    parser.add_argument("--vllm", action="store_true", help="also vLLM, which must be installed")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        model = random_model(Path(folder) / "model")
        for name, beginning in (("shared beginning", _WORDS), ("nothing shared", 0)):
            rows += compared(name, model, made_cases(asked.cases, beginning), asked)
    output.show("Answering a golden set", rows, notes(rows), asked.json)


def compared(name: str, model: Path, cases: Sequence[Case], asked: Any) -> list[dict[str, Any]]:
    """Return the rows of one set: each way's cases per second, and the ratio to the best peer."""
    ours = asyncio.run(answered(model, cases, asked.device, asked.threads))
    peers = {f"lm-eval, batch {size}": harness(model, cases, size, asked) for size in asked.batches}
    if asked.vllm:
        peers["vLLM"] = with_vllm(model, cases)
    rows = []
    for kind in ("written", "chosen"):
        seconds, told = ours[kind]
        best = min(found[kind][0] for peer, found in peers.items() if peer != "vLLM")
        rows.append(_row(name, kind, "Backstop", cases, seconds, best / seconds, 1.0))
        rows += [
            _row(
                name,
                kind,
                peer,
                cases,
                found[kind][0],
                best / found[kind][0],
                _same(told, found[kind][1]),
            )
            for peer, found in peers.items()
            if kind in found
        ]
    return rows


def _row(
    name: str,
    kind: str,
    side: str,
    cases: Sequence[Case],
    seconds: float,
    ratio: float,
    same: float,
) -> dict[str, Any]:
    return {
        "set": name,
        "cases are": kind,
        "side": side,
        "cases/s": len(cases) / seconds,
        "of lm-eval's best": ratio,
        "same answers as Backstop's": same,
    }


def _same(ours: Sequence[Any], theirs: Sequence[Any]) -> float:
    return sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(ours)


def notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say which bar is met."""
    least = min(row["of lm-eval's best"] for row in rows if row["side"] == "Backstop")
    return [f"Least ratio to the harness's best batch size: {least:.2f} (bar: at least 2)."]


def random_model(folder: Path) -> Path:
    """Make a Llama of 20 million parameters with random weights and the demo's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=512,
        intermediate_size=1408,
        num_hidden_layers=6,
        num_attention_heads=8,
        max_position_embeddings=2048,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def made_cases(count: int, beginning: int) -> list[Case]:
    """Make cases of the demo's words: prompts of 4 to 20 words, four options of 1 to 8 words."""
    source = random.Random(5)
    words = sorted({word for pair in corpus.pairs(200, 5) for word in str(pair).split()})
    shared = " ".join(source.choices(words, k=beginning)) + "\n" if beginning else ""

    def text(least: int, most: int) -> str:
        return " ".join(source.choices(words, k=source.randint(least, most)))

    return [
        {"prompt": shared + text(4, 20), "choices": [" " + text(1, 8) for _ in range(4)]}
        for _ in range(count)
    ]


Timed = tuple[float, list[Any]]  # seconds; an answer per case


async def answered(
    model: Path, cases: Sequence[Case], device: str, threads: int
) -> dict[str, Timed]:
    """Answer in windows, as a golden run's process does."""
    packing = Packing(rows=64, columns=32_768, ahead=4096, linger_s=0.02, prefixes=4)
    engine = LocalEngine.open(model, device, threads=threads, packing=packing)

    async def written(case: Case) -> str:
        generation = Generation(
            messages=_messages(case), max_tokens=_TOKENS, temperature=0.0, stop=(_STOP,)
        )
        return "".join([piece.text async for piece in engine.complete(generation, None)])

    async def chosen(case: Case) -> int:
        told = await asyncio.gather(
            *(engine.score(_messages(case), choice, None) for choice in case["choices"])
        )
        totals = [sum(each) for each in told]
        return totals.index(max(totals))

    try:
        await written(made_cases(1, 0)[0])  # warms up
        return {"written": await _timed(written, cases), "chosen": await _timed(chosen, cases)}
    finally:
        engine.close()


async def _timed(answer: Callable[[Case], Awaitable[Any]], cases: Sequence[Case]) -> Timed:
    began, told = time.perf_counter(), list[Any]()
    for start in range(0, len(cases), _WINDOW):
        told += await asyncio.gather(*(answer(case) for case in cases[start : start + _WINDOW]))
    return time.perf_counter() - began, told


def _messages(case: Case) -> tuple[Message, ...]:
    return (Message(role="prompt", content=case["prompt"]),)


def harness(model: Path, cases: Sequence[Case], size: str, asked: Any) -> dict[str, Timed]:
    """Have the harness answer. Its `hf` backend adds no token to prompts, as the demo's tokenizer."""
    home = environment.made("lm-eval", _PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        _write_tasks(Path(folder), cases)
        run = subprocess.run(
            [
                str(home / "bin" / "python"),
                str(_SIDE),
                str(model),
                folder,
                size,
                asked.device,
                str(asked.threads),
            ],
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("LOUD") else subprocess.DEVNULL,
            check=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"},
            cwd=folder,
        )
    told = json.loads(run.stdout.splitlines()[-1])
    texts = [each[0][0] for each in told["written"]["answers"]]
    best = [_best([float(one[0][0]) for one in each]) for each in told["chosen"]["answers"]]
    return {
        "written": (told["written"]["seconds"], texts),
        "chosen": (told["chosen"]["seconds"], best),
    }


def _best(totals: Sequence[float]) -> int:
    return totals.index(max(totals))


def _write_tasks(folder: Path, cases: Sequence[Case]) -> None:
    """Write both tasks; JSON is YAML."""
    data = folder / "cases.jsonl"
    data.write_text("".join(json.dumps({**case, "right": 0}) + "\n" for case in cases))
    common = {
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}},
        "test_split": "test",
        "doc_to_text": "{{prompt}}",
        "num_fewshot": 0,
    }
    written = {
        "task": "written",
        "output_type": "generate_until",
        "doc_to_target": "x",
        "generation_kwargs": {"until": [_STOP], "max_gen_toks": _TOKENS, "do_sample": False},
        "metric_list": [{"metric": "exact_match"}],
    }
    chosen = {
        "task": "chosen",
        "output_type": "multiple_choice",
        "doc_to_choice": "choices",
        "doc_to_target": "right",
        "target_delimiter": "",
        "metric_list": [{"metric": "acc"}],
    }
    for task in (written, chosen):
        (folder / f"{task['task']}.yaml").write_text(json.dumps({**common, **task}))


def with_vllm(model: Path, cases: Sequence[Case]) -> dict[str, Timed]:
    """Have vLLM's offline engine write the answers; it must be importable here."""
    from vllm import LLM, SamplingParams

    engine = LLM(str(model), enable_prefix_caching=True)
    asked = SamplingParams(temperature=0.0, max_tokens=_TOKENS, stop=[_STOP])
    engine.generate([cases[0]["prompt"]], asked)  # warms up
    began = time.perf_counter()
    told = engine.generate([case["prompt"] for case in cases], asked)
    seconds = time.perf_counter() - began
    return {"written": (seconds, [each.outputs[0].text for each in told])}


if __name__ == "__main__":
    sys.exit(main())
