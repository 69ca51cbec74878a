"""The local engine on a tiny real model."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, LlamaForCausalLM

from guards.exchange import FinishReason, Message
from monitor.engines.local import LocalEngine
from monitor.errors import BadRequest, EngineError, Unavailable
from monitor.ports.engine import Generation, Piece
from tests.integration.engines.conftest import CONTEXT, VERSIONS

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MIXED = (None, *VERSIONS)
PROMPTS = ("the router blinks", "please send the invoice for order A-48213", "hi", "thank you, the")


def ask(prompt: str = PROMPTS[0], *, max_tokens: int = 16, **options: object) -> Generation:
    """Return a greedy request for raw text, unless options say otherwise."""
    fields = {"temperature": 0.0, **options}
    messages = (Message(role="prompt", content=prompt),)
    return Generation(messages=messages, max_tokens=max_tokens, **fields)  # type: ignore[arg-type]


async def write(
    engine: LocalEngine, generation: Generation, version: str | None = None
) -> list[Piece]:
    """Return all pieces of an answer."""
    return [piece async for piece in engine.complete(generation, version)]


def text(pieces: list[Piece]) -> str:
    """Return the answer."""
    return "".join(piece.text for piece in pieces)


def ids(pieces: list[Piece]) -> list[int]:
    """Return the answer's token ids."""
    return [token.id for piece in pieces for token in piece.tokens]


def logprobs(pieces: list[Piece]) -> list[float]:
    """Return the answer's token log-probabilities."""
    return [token.logprob for piece in pieces for token in piece.tokens]


async def test_versions_in_one_batch_answer_as_they_do_alone(serving: LocalEngine) -> None:
    """Three versions and the base model share a batch and nobody notices."""
    alone = [await write(serving, ask(p), v) for p, v in zip(PROMPTS, MIXED, strict=True)]
    together = await asyncio.gather(
        *(write(serving, ask(p), v) for p, v in zip(PROMPTS, MIXED, strict=True))
    )
    for one, other in zip(alone, together, strict=True):
        assert ids(one) == ids(other)
        assert logprobs(one) == pytest.approx(logprobs(other), abs=1e-4)


async def test_versions_give_different_answers(serving: LocalEngine) -> None:
    """The adapters of this test change answers, so that the other tests mean something."""
    answers = {text(await write(serving, ask(), version)) for version in MIXED}
    assert len(answers) == len(MIXED)


async def test_a_row_does_not_notice_others_joining_and_leaving(serving: LocalEngine) -> None:
    """Rows of other lengths and versions come and go while a long answer is written."""
    generation = ask(max_tokens=60)
    alone = await write(serving, generation, VERSIONS[0])
    answer = serving.complete(generation, VERSIONS[0])
    pieces = [await anext(answer)]
    others = []
    for index in range(8):
        others.append(
            asyncio.ensure_future(
                write(
                    serving,
                    ask(PROMPTS[index % 4], max_tokens=1 + 5 * (index % 3)),
                    MIXED[index % 4],
                )
            )
        )
        pieces.append(await anext(answer))
    pieces += [piece async for piece in answer]
    await asyncio.gather(*others)
    assert ids(pieces) == ids(alone)
    assert logprobs(pieces) == pytest.approx(logprobs(alone), abs=1e-4)


async def test_the_engine_writes_what_the_model_alone_would(
    engine: LocalEngine, model_dir: Path
) -> None:
    """Greedy tokens equal those of transformers' own generate."""
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    model = LlamaForCausalLM.from_pretrained(model_dir)
    prompt = tokenizer(PROMPTS[1], return_tensors="pt")
    whole = model.generate(**prompt, max_new_tokens=16, do_sample=False)[0]
    expected = whole[prompt["input_ids"].shape[1] :].tolist()
    assert ids(await write(engine, ask(PROMPTS[1]))) == expected


async def test_pieces_are_the_tokens_decoded_together(engine: LocalEngine, model_dir: Path) -> None:
    """Characters of several bytes come out whole and in order."""
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    pieces = await write(engine, ask(max_tokens=60, temperature=1.5, seed=3))
    assert text(pieces) == tokenizer.decode(ids(pieces), skip_special_tokens=True)


async def test_a_stop_string_ends_the_answer_and_is_not_part_of_it(engine: LocalEngine) -> None:
    """A stop string is found across the borders of tokens, and nothing of it slips out."""
    full = text(await write(engine, ask(max_tokens=30)))
    stop = full[6:12]
    pieces = await write(engine, ask(max_tokens=30, stop=(stop,)))
    assert text(pieces) == full[: full.index(stop)]
    assert pieces[-1].finish_reason is FinishReason.STOP


async def test_the_token_limit_cuts_an_answer(engine: LocalEngine) -> None:
    """An answer of `max_tokens` tokens says that it was cut."""
    pieces = await write(engine, ask(max_tokens=3))
    assert len(ids(pieces)) == 3
    assert pieces[-1].finish_reason is FinishReason.LENGTH
    assert pieces[-1].prompt_tokens is not None


async def test_the_context_cuts_an_answer(engine: LocalEngine) -> None:
    """Prompt and answer together never exceed the model's context."""
    pieces = await write(engine, ask(max_tokens=10_000))
    prompt_tokens = pieces[-1].prompt_tokens
    assert prompt_tokens is not None
    assert len(ids(pieces)) <= CONTEXT - prompt_tokens


async def test_a_seed_repeats_a_sampled_answer(serving: LocalEngine) -> None:
    """The same seed gives the same answer, whoever else is in the batch; another one does not."""
    sampled = ask(temperature=1.0, top_p=0.9, seed=11)
    alone = await write(serving, sampled, VERSIONS[1])
    again, _, other = await asyncio.gather(
        write(serving, sampled, VERSIONS[1]),
        write(serving, ask(PROMPTS[1])),
        write(serving, ask(temperature=1.0, top_p=0.9, seed=12), VERSIONS[1]),
    )
    assert ids(again) == ids(alone)
    assert ids(other) != ids(alone)


async def test_alternatives_come_likeliest_first(engine: LocalEngine) -> None:
    """A greedy token is the first of its alternatives, with the same log-probability."""
    pieces = await write(engine, ask(max_tokens=4, logprobs=3))
    for token in (token for piece in pieces for token in piece.tokens):
        values = [logprob for _, logprob in token.top]
        assert len(values) == 3
        assert values == sorted(values, reverse=True)
        assert values[0] == pytest.approx(token.logprob)
        assert token.logprob <= 0


async def test_closing_an_answer_frees_its_place(model_dir: Path) -> None:
    """With room for one row, a second request is answered as soon as the first is closed."""
    engine = LocalEngine.open(model_dir, device="cpu", max_batch=1, threads=1)
    try:
        endless = engine.complete(ask(max_tokens=100), None)
        await anext(endless)
        second = asyncio.ensure_future(write(engine, ask(max_tokens=2)))
        await endless.aclose()
        assert len(await asyncio.wait_for(second, 5)) == 2
    finally:
        engine.close()


async def test_more_requests_than_rows_wait_their_turn(model_dir: Path) -> None:
    """Eight requests through two rows: all are answered, as alone."""
    engine = LocalEngine.open(model_dir, device="cpu", max_batch=2, threads=1)
    try:
        alone = await write(engine, ask())
        answers = await asyncio.gather(*(write(engine, ask()) for _ in range(8)))
        assert [ids(answer) for answer in answers] == [ids(alone)] * 8
    finally:
        engine.close()


async def test_a_long_prompt_is_refused_by_its_numbers(engine: LocalEngine) -> None:
    """The refusal says how many tokens there are and may be; others are not disturbed."""
    long, fine = await asyncio.gather(
        write(engine, ask("invoice " * 400)), write(engine, ask()), return_exceptions=True
    )
    assert isinstance(long, BadRequest)
    assert str(CONTEXT - 1) in str(long)
    assert isinstance(fine, list)


async def test_a_model_without_a_template_gets_a_plain_transcript(engine: LocalEngine) -> None:
    """Chat messages reach a model without a chat template as a transcript."""
    chat = Generation(messages=(Message(role="user", content="hi"),), temperature=0, max_tokens=5)
    raw = ask("user: hi\nassistant:", max_tokens=5)
    assert ids(await write(engine, chat)) == ids(await write(engine, raw))


async def test_unknown_versions_are_refused(engine: LocalEngine) -> None:
    """A version that is not loaded is an engine error that names it."""
    with pytest.raises(EngineError, match=VERSIONS[0]):
        await write(engine, ask(), VERSIONS[0])


async def test_loading_and_unloading_show_in_loaded(
    engine: LocalEngine, adapters: dict[str, Path]
) -> None:
    """Versions come and go by name, twice over without harm, and can come back."""
    version, folder = VERSIONS[2], adapters[VERSIONS[2]]
    await engine.load(version, folder)
    await engine.load(version, folder)
    assert await engine.loaded() == {version}
    before = await write(engine, ask(), version)
    await engine.unload(version)
    await engine.unload(version)
    assert await engine.loaded() == frozenset()
    assert await write(engine, ask())
    await engine.load(version, folder)
    assert ids(await write(engine, ask(), version)) == ids(before)


async def test_unloading_waits_for_the_answers_under_way(serving: LocalEngine) -> None:
    """A row that uses a version ends on it; new requests are refused meanwhile."""
    alone = await write(serving, ask(max_tokens=40), VERSIONS[0])
    answer = serving.complete(ask(max_tokens=40), VERSIONS[0])
    pieces = [await anext(answer)]
    unloading = asyncio.ensure_future(serving.unload(VERSIONS[0]))
    pieces += [piece async for piece in answer]
    await unloading
    assert ids(pieces) == ids(alone)
    assert VERSIONS[0] not in await serving.loaded()
    with pytest.raises(EngineError):
        await write(serving, ask(), VERSIONS[0])


async def test_unloading_lets_waiting_requests_have_their_turn(
    model_dir: Path, adapters: dict[str, Path]
) -> None:
    """A request that came before the unloading is answered, also if it had to wait."""
    engine = LocalEngine.open(model_dir, device="cpu", max_batch=1, threads=1)
    try:
        await engine.load(VERSIONS[0], adapters[VERSIONS[0]])
        first = engine.complete(ask(max_tokens=30), None)
        await anext(first)
        waiting = engine.complete(ask(max_tokens=3), VERSIONS[0])
        begun = asyncio.ensure_future(anext(waiting))
        await asyncio.sleep(0)
        unloading = asyncio.ensure_future(engine.unload(VERSIONS[0]))
        await first.aclose()
        pieces = [await begun] + [piece async for piece in waiting]
        await unloading
        assert len(ids(pieces)) == 3
    finally:
        engine.close()


async def test_the_base_model_is_the_same_after_adapters_were_there(
    engine: LocalEngine, adapters: dict[str, Path]
) -> None:
    """Loading, serving and unloading versions leaves the base model as it was."""
    before = await write(engine, ask())
    for version, folder in adapters.items():
        await engine.load(version, folder)
        await write(engine, ask(), version)
    during = await write(engine, ask())
    for version in adapters:
        await engine.unload(version)
    after = await write(engine, ask())
    assert ids(before) == ids(during) == ids(after)
    assert logprobs(before) == pytest.approx(logprobs(after), abs=1e-4)


async def test_an_adapter_with_other_keys_is_refused(
    engine: LocalEngine, adapters: dict[str, Path], tmp_path: Path
) -> None:
    """Tensors that match no module would be a silent no-op adapter; they are an error."""
    folder = _copy(adapters[VERSIONS[0]], tmp_path)
    weights = load_file(folder / "adapter_model.safetensors")
    renamed = {key.replace("layers.0", "blocks.0"): value for key, value in weights.items()}
    save_file(renamed, folder / "adapter_model.safetensors")
    with pytest.raises(EngineError, match="unknown"):
        await engine.load("support@dddddddddddd", folder)
    assert await engine.loaded() == frozenset()
    assert await write(engine, ask())


async def test_a_truncated_adapter_is_refused(
    engine: LocalEngine, adapters: dict[str, Path], tmp_path: Path
) -> None:
    """A file cut short is an engine error that names it."""
    folder = _copy(adapters[VERSIONS[0]], tmp_path)
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(EngineError, match=r"adapter_model\.safetensors"):
        await engine.load("support@dddddddddddd", folder)


@pytest.mark.parametrize(
    "change",
    [{"use_dora": True}, {"bias": "all"}, {"init_lora_weights": "pissa"}, {"peft_type": "IA3"}],
)
async def test_adapters_that_cannot_share_a_batch_are_refused(
    engine: LocalEngine, adapters: dict[str, Path], tmp_path: Path, change: dict[str, object]
) -> None:
    """What would change other rows' answers is refused at the door."""
    folder = _copy(adapters[VERSIONS[0]], tmp_path)
    config = folder / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **change}))
    with pytest.raises(EngineError, match=r"adapter_config\.json"):
        await engine.load("support@dddddddddddd", folder)


async def test_a_version_of_nan_fails_alone(
    serving: LocalEngine, adapters: dict[str, Path], tmp_path: Path
) -> None:
    """A version whose output is no number fails its own rows; neighbours are not touched."""
    folder = _copy(adapters[VERSIONS[0]], tmp_path)
    weights = load_file(folder / "adapter_model.safetensors")
    save_file(
        {key: torch.full_like(value, torch.nan) for key, value in weights.items()},
        folder / "adapter_model.safetensors",
    )
    await serving.load("support@nan", folder)
    alone = await write(serving, ask(), VERSIONS[1])
    broken, fine = await asyncio.gather(
        write(serving, ask(), "support@nan"),
        write(serving, ask(), VERSIONS[1]),
        return_exceptions=True,
    )
    assert isinstance(broken, EngineError)
    assert "not a number" in str(broken)
    assert isinstance(fine, list)
    assert ids(fine) == ids(alone)


async def test_a_failed_step_fails_its_rows_and_the_engine_goes_on(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error inside the model reaches the callers as an engine error; the next one is served."""
    batch = engine._worker._batch
    answer = engine.complete(ask(max_tokens=50), None)
    await anext(answer)
    with monkeypatch.context() as patched:
        patched.setattr(batch, "step", _explode)
        with pytest.raises(EngineError, match="out of memory"):
            [piece async for piece in answer]
    assert await write(engine, ask())


async def test_a_closed_engine_is_seen(model_dir: Path) -> None:
    """Answers under way end, later requests are refused, and `loaded` says why."""
    engine = LocalEngine.open(model_dir, device="cpu", threads=1)
    answer = engine.complete(ask(max_tokens=100), None)
    await anext(answer)
    engine.close()
    with pytest.raises(Unavailable):
        [piece async for piece in answer]
    with pytest.raises(Unavailable):
        await write(engine, ask())
    with pytest.raises(EngineError, match="closed"):
        await engine.loaded()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_dead_engine_is_seen(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the thread itself breaks, nobody waits for ever and `loaded` says that it is dead."""
    monkeypatch.setattr(engine._worker, "_finish_unloading", _explode)
    with pytest.raises(Unavailable, match="died"):
        await write(engine, ask(max_tokens=100))
    with pytest.raises(EngineError, match="restart"):
        await engine.loaded()


async def test_prompts_that_cannot_be_computed_fail_alone(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed reading of new prompts leaves the running rows as they are."""
    alone = await write(engine, ask(max_tokens=60))
    answer = engine.complete(ask(max_tokens=60), None)
    pieces = [await anext(answer)]
    with monkeypatch.context() as patched:
        patched.setattr(engine._worker._batch, "admit", lambda rows: _explode())
        with pytest.raises(EngineError, match="out of memory"):
            await write(engine, ask(PROMPTS[1]))
    pieces += [piece async for piece in answer]
    assert ids(pieces) == ids(alone)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """Opening something that is no model names the folder."""
    with pytest.raises(EngineError, match="holds no model"):
        LocalEngine.open(tmp_path)


def _explode() -> torch.Tensor:
    raise RuntimeError("out of memory")


def _copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "adapter"))


async def test_a_given_text_is_as_likely_as_the_engine_says_when_it_writes(
    serving: LocalEngine, model_dir: Path
) -> None:
    """Its first token among the alternatives has the same log-probability, version by version."""
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    for prompt, version in zip(PROMPTS, MIXED, strict=True):
        (first, *_) = await write(serving, ask(prompt, max_tokens=1, logprobs=20), version)
        whole = [
            (said, logprob)
            for said, logprob in first.tokens[0].top
            if said and len(tokenizer.encode(said, add_special_tokens=False)) == 1
        ]
        assert len(whole) >= 5
        messages = (Message(role="prompt", content=prompt),)
        for said, logprob in whole:
            assert await serving.score(messages, said, version) == pytest.approx(
                (logprob,), abs=1e-3
            )


async def test_likelihoods_are_those_of_the_plain_model(
    serving: LocalEngine, model_dir: Path
) -> None:
    """For raw text, a conversation and Japanese: one pass of transformers says the same."""
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    network = LlamaForCausalLM.from_pretrained(model_dir).eval()
    asked = {
        "the router blinks": (Message(role="prompt", content="the router blinks"),),
        "user: hi\nassistant:": (Message(role="user", content="hi"),),
        "ありがとう": (Message(role="prompt", content="ありがとう"),),
    }
    for prompt, messages in asked.items():
        before, after = tokenizer.encode(prompt), tokenizer.encode(" ございます, thank you")
        given = torch.tensor([[*before, *after]])
        with torch.inference_mode():
            every = network(given).logits[0].log_softmax(-1)
        expected = [
            float(every[len(before) + place - 1, number]) for place, number in enumerate(after)
        ]
        scored = await serving.score(messages, " ございます, thank you", None)
        assert scored == pytest.approx(expected, abs=1e-4)


async def test_texts_are_scored_beside_answers(serving: LocalEngine) -> None:
    """Neither changes the other."""
    messages = (Message(role="prompt", content=PROMPTS[1]),)
    alone = await serving.score(messages, " thank you", VERSIONS[0])
    answer = await write(serving, ask(max_tokens=20), VERSIONS[1])
    both = await asyncio.gather(
        write(serving, ask(max_tokens=20), VERSIONS[1]),
        *(serving.score(messages, " thank you", VERSIONS[0]) for _ in range(4)),
    )
    assert ids(both[0]) == ids(answer)
    assert all(scored == pytest.approx(alone, abs=1e-5) for scored in both[1:])


async def test_what_cannot_be_scored_is_said(serving: LocalEngine) -> None:
    """An empty text, one beyond the context, and a version that is not there."""
    messages = (Message(role="prompt", content=PROMPTS[0]),)
    with pytest.raises(BadRequest, match="continuation is empty"):
        await serving.score(messages, "", None)
    with pytest.raises(BadRequest, match="prompt and continuation have"):
        await serving.score(messages, "word " * CONTEXT, None)
    with pytest.raises(EngineError, match="is not loaded"):
        await serving.score(messages, " yes", "support@dddddddddddd")
