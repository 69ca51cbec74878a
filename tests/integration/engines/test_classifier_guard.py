"""The guard that asks a local sequence-classification model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from guards.checks.context import GuardContext
from monitor.engines.classifier_guard import ClassifierGuard
from monitor.errors import EngineError, Unavailable
from monitor.ports.guards import AnswerGuard

pytestmark = pytest.mark.integration
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "kind", "toxic", "words")
CONTEXT = GuardContext()
LONGEST = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny BERT whose head says how near the word `toxic` is."""
    place = tmp_path_factory.mktemp("classifier")
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
        num_labels=2,
        id2label={0: "fine", 1: "toxic"},
        label2id={"fine": 0, "toxic": 1},
    )
    network = BertForSequenceClassification(config).eval()
    _teach(network, tokenizer)
    network.save_pretrained(place)
    return place


def _teach(network: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast) -> None:
    """Train until the words tell; a dozen steps do."""
    texts = ["kind words", "toxic words", "kind kind", "words toxic kind", "words", "toxic"]
    targets = torch.tensor([0, 1, 0, 1, 0, 1])
    inputs = tokenizer(texts, padding=True, return_tensors="pt")
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        network(**inputs, labels=targets).loss.backward()
        optimizer.step()


@pytest.fixture
async def guard(folder: Path) -> AsyncIterator[ClassifierGuard]:
    """Yield the guard, and close it."""
    opened = await ClassifierGuard.open("toxicity", folder, {"toxic": 0.5})
    yield opened
    await opened.close()


async def test_an_answer_over_the_threshold_is_found(guard: AnswerGuard) -> None:
    """The finding spans the answer and carries the label and its probability."""
    (finding,) = await guard.check("toxic words", CONTEXT)
    assert (finding.kind, finding.start, finding.end) == ("toxicity:toxic", 0, 11)
    assert finding.score >= 0.5


async def test_an_answer_under_the_threshold_is_not(guard: AnswerGuard) -> None:
    """Other labels have no threshold, and are no findings."""
    assert await guard.check("kind words", CONTEXT) == ()


async def test_the_end_of_a_long_answer_is_read_too(guard: AnswerGuard) -> None:
    """An answer longer than the model reads is cut into pieces, and the worst counts."""
    assert await guard.check("kind " * 40 + "toxic words", CONTEXT)


async def test_answers_at_once_get_their_own_scores(guard: AnswerGuard) -> None:
    """A batch is taken apart again in its order."""
    answers = ["kind words", "toxic words"] * 10
    told = await asyncio.gather(*(guard.check(answer, CONTEXT) for answer in answers))
    assert [bool(each) for each in told] == [False, True] * 10


async def test_an_unknown_label_is_refused_with_the_known_ones(folder: Path) -> None:
    """A wrong name in the settings would never find anything."""
    with pytest.raises(EngineError, match="has no label 'hate'; it has fine, toxic"):
        await ClassifierGuard.open("toxicity", folder, {"hate": 0.5})


async def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """Nothing is fetched from anywhere."""
    with pytest.raises(EngineError, match="no classifier"):
        await ClassifierGuard.open("toxicity", tmp_path, {})


async def test_a_check_past_its_limit_is_unavailable(folder: Path) -> None:
    """A blocking guard then fails closed in bounded time."""
    guard = await ClassifierGuard.open("toxicity", folder, {"toxic": 0.5}, limit_s=0.0)
    try:
        with pytest.raises(Unavailable, match=r"took over 0\.0 s"):
            await guard.check("kind words", CONTEXT)
    finally:
        await guard.close()


async def test_a_closed_guard_is_unavailable(folder: Path) -> None:
    """Its thread is gone."""
    guard = await ClassifierGuard.open("toxicity", folder, {"toxic": 0.5})
    await guard.close()
    with pytest.raises(Unavailable, match="closed"):
        await guard.check("kind words", CONTEXT)
