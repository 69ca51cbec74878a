"""Texts embedded in a second: our path, beside the encoder's own ways in batches.

    ours                   Backstop's embedder: tokens, batches of like length, pooling; no cache
    sentence-transformers  `SentenceTransformer.encode`, batches of 64
    transformers           tokenizer and model in batches of 64 in the order given

all-MiniLM-L6-v2 on the same threads, over customers' queries (Banking77) and answers of models
(AlpacaEval), in rounds that alternate; the median round of each counts. How far the vectors of the
three lie apart is printed too.

    make bench-embeddings ARGS="--texts 1000 --rounds 5"
"""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from bench import output
from bench.detection import data
from bench.peers import environment, minilm
from monitor.engines.embedders.sentence import SentenceModel

_BAR = 0.9
_BATCH, _MOST_TOKENS = 64, 256
_SENTENCE_TRANSFORMERS = "sentence-transformers==6.2.0"

Encode = Callable[[Sequence[str]], NDArray[Any]]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    ways = {"ours": _ours(), **_library(), "transformers": _plain()}
    rows = [
        row
        for name, texts in _texts(asked.texts).items()
        for row in _compared(name, texts, ways, asked.rounds)
    ]
    notes = [
        f"bar: ours at least {_BAR} of the encoder's own batched throughput",
        f"{torch.get_num_threads()} threads, no GPU"
        if not torch.cuda.is_available()
        else torch.cuda.get_device_name(),
    ]
    output.show("texts embedded with all-MiniLM-L6-v2 in a second", rows, notes, asked.json)


def _texts(count: int) -> Mapping[str, Sequence[str]]:
    held = gzip.decompress(data.need("banking77", "train.csv.gz").read_bytes()).decode()
    queries = [row["text"] for row in csv.DictReader(io.StringIO(held))]
    answers = [text for texts in data.outputs().values() for text in texts]
    random = np.random.default_rng(0)
    return {
        name: [texts[row] for row in random.choice(len(texts), min(count, len(texts)), False)]
        for name, texts in (("queries", queries), ("answers", answers))
    }


def _compared(
    name: str, texts: Sequence[str], ways: Mapping[str, Encode], rounds: int
) -> Sequence[Mapping[str, Any]]:
    took: dict[str, list[float]] = {way: [] for way in ways}
    vectors = {}
    for _ in range(rounds):
        for way, encode in ways.items():
            began = time.perf_counter()
            vectors[way] = encode(texts)
            took[way].append(time.perf_counter() - began)
    ours = median(took["ours"])
    return [
        {
            "way": way,
            "texts": name,
            "texts/s": round(len(texts) / median(took[way])),
            "ours / this": round(median(took[way]) / ours, 2),
            "largest difference": f"{np.abs(vectors[way] - vectors['ours']).max():.1e}",
        }
        for way in ways
    ]


def _ours() -> Encode:
    model = SentenceModel.load("minilm", minilm.folder())
    return model.encode


def _library() -> Mapping[str, Encode]:
    """Return sentence-transformers' way, from an environment of its own; nothing if it is not there."""
    try:
        home = environment.made("sentence", (), alone=(_SENTENCE_TRANSFORMERS,))
    except subprocess.CalledProcessError as error:
        print(f"sentence-transformers is left out: {error}", file=sys.stderr)
        return {}
    sys.path.append(str(environment.packages_of(home)))
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm.folder()))
    return {
        "sentence-transformers": lambda texts: np.asarray(
            model.encode(list(texts), batch_size=_BATCH, normalize_embeddings=True)
        )
    }


def _plain() -> Encode:
    path = minilm.folder()
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()

    def encode(texts: Sequence[str]) -> NDArray[Any]:
        found = []
        for start in range(0, len(texts), _BATCH):
            batch = tokenizer(
                list(texts[start : start + _BATCH]),
                padding=True,
                truncation=True,
                max_length=_MOST_TOKENS,
                return_tensors="pt",
            )
            with torch.inference_mode():
                states = model(**batch).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1)
                mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
                found.append(torch.nn.functional.normalize(mean, dim=1).numpy())
        return np.concatenate(found)

    return encode


if __name__ == "__main__":
    main()
