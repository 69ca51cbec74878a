"""Proof that an engine really serves a version: greedy answers to fixed probe prompts."""

from __future__ import annotations

import asyncio

from guards.exchange import Message
from monitor.errors import EngineError
from monitor.ports.engine import Engine, Generation
from monitor.ports.versions import Fingerprint

# Adapters of one base differ in the log-probabilities of any text, so the prompts need not be
# about the task; different shapes make a coincidence less likely.
PROBES = (
    "Hello",
    "My order has not arrived yet. What can I do?",
    '{"name": ',
    "1, 2, 3, 4,",
)
PROBE_TOKENS = 12

# A batch of another shape changes the last bits of a float32 sum, and more of a bfloat16 one;
# two versions that were trained differ by more. Chosen, not measured over many adapters.
TOLERANCE = 0.02


async def take(
    engine: Engine, version: str | None, prompts: tuple[str, ...] = PROBES
) -> Fingerprint:
    """Ask the engine probe prompts under a version's name. Raises `EngineError`."""
    answers = await asyncio.gather(*(_answer(engine, version, prompt) for prompt in prompts))
    return Fingerprint(
        prompts=prompts,
        tokens=tuple(tokens for tokens, _ in answers),
        logprobs=tuple(logprobs for _, logprobs in answers),
    )


def part(whole: Fingerprint, number: int) -> Fingerprint:
    """Return one prompt's part of a fingerprint; numbers begin anew behind the last prompt."""
    index = number % len(whole.prompts)
    return Fingerprint(
        prompts=(whole.prompts[index],),
        tokens=(whole.tokens[index],),
        logprobs=(whole.logprobs[index],),
    )


def same(expected: Fingerprint, found: Fingerprint, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two fingerprints are of the same weights.

    Tokens are compared up to the first place where the two best were within `tolerance` of each
    other: beyond such a tie the answers may part although the weights are the same.
    """
    pairs = zip(expected.tokens, expected.logprobs, found.tokens, found.logprobs, strict=False)
    return (
        expected.prompts == found.prompts
        and len(expected.tokens) == len(found.tokens)
        and all(_same_answer(*pair, tolerance) for pair in pairs)
    )


def _same_answer(
    tokens: tuple[int, ...],
    logprobs: tuple[float, ...],
    other_tokens: tuple[int, ...],
    other_logprobs: tuple[float, ...],
    tolerance: float,
) -> bool:
    for token, logprob, other, other_logprob in zip(
        tokens, logprobs, other_tokens, other_logprobs, strict=False
    ):
        if not abs(logprob - other_logprob) <= tolerance:  # so that NaN is like nothing
            return False
        if token != other:  # a tie: equally likely, and from here on another text
            return True
    return len(tokens) == len(other_tokens)


async def _answer(
    engine: Engine, version: str | None, prompt: str
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    generation = Generation(
        messages=(Message(role="prompt", content=prompt),),
        max_tokens=PROBE_TOKENS,
        temperature=0.0,
    )
    pieces = [piece async for piece in engine.complete(generation, version)]
    tokens = [token for piece in pieces for token in piece.tokens]
    if not tokens:
        raise EngineError(f"{version or 'the base model'}: answered a probe with nothing at all")
    return tuple(t.id for t in tokens), tuple(t.logprob for t in tokens)
