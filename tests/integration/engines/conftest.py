"""A tiny model with random weights, its tokenizer, and three LoRA adapters that change answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from monitor.engines.local import LocalEngine

VERSIONS = ("support@aaaaaaaaaaaa", "support@bbbbbbbbbbbb", "shop.eu@cccccccccccc")
CONTEXT = 128
_SENTENCES = [
    "the router blinks red and the line is down since monday",
    "please send the invoice for order A-48213 again, thank you",
    "naïve café owners à la carte, grüße aus köln, ありがとう",
] * 4


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a two-layer Llama with random weights."""
    folder = tmp_path_factory.mktemp("model")
    tokenizer = _tokenizer()
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.4,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def adapters(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return version name → folder of a LoRA adapter with random weights."""
    root = tmp_path_factory.mktemp("adapters")
    targets = (["q_proj", "v_proj"], ["q_proj", "v_proj", "up_proj"], ["down_proj"])
    return {
        version: make_adapter(model_dir, root / version, seed, target)
        for seed, (version, target) in enumerate(zip(VERSIONS, targets, strict=True))
    }


@pytest.fixture
def engine(model_dir: Path) -> Iterator[LocalEngine]:
    """Return an engine with the base model only."""
    engine = LocalEngine.open(model_dir, device="cpu", max_batch=8, threads=1)
    yield engine
    engine.close()


@pytest.fixture
async def serving(engine: LocalEngine, adapters: dict[str, Path]) -> LocalEngine:
    """Return an engine with all three versions loaded."""
    for version, folder in adapters.items():
        await engine.load(version, folder)
    return engine


def make_adapter(
    model_dir: Path, folder: Path, seed: int, targets: list[str], rank: int = 4
) -> Path:
    """Save a LoRA adapter whose B is random instead of zero, so that it changes answers."""
    model = LlamaForCausalLM.from_pretrained(model_dir)
    torch.manual_seed(100 + seed)
    lora = get_peft_model(model, LoraConfig(r=rank, target_modules=targets, lora_alpha=8))
    with torch.no_grad():
        for name, parameter in lora.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    lora.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=384,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
