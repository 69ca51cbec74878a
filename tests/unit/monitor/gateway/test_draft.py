"""The draft of an exchange."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from guards.exchange import FinishReason, Message
from monitor.gateway.draft import Draft
from monitor.ports.engine import Piece, Token
from monitor.runtime.routing import Route


def draft() -> Draft:
    """Return a draft that began at 10 monotonic seconds."""
    return Draft(
        id="chatcmpl-1",
        route=Route(deployment="support", active="support@1", epoch=2),
        messages=(Message(role="user", content="hi"),),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        started=10.0,
        request_id="r",
        version="support@1",
    )


def test_pieces_add_up() -> None:
    """Text, tokens and times come from the pieces."""
    written = draft()
    written.add(Piece(text="a", tokens=(Token(id=1, text="a", logprob=-1.0),)), 10.5)
    written.add(Piece(text="b", finish_reason=FinishReason.STOP, prompt_tokens=4), 11.0)
    exchange = written.exchange()
    assert exchange.output == "ab"
    assert (exchange.first_token_s, exchange.latency_s) == (0.5, 1.0)
    assert (exchange.prompt_tokens, exchange.output_tokens) == (4, 1)
    assert exchange.token_logprobs == (-1.0,)


def test_the_first_end_stands() -> None:
    """A caller who leaves after the end has left a finished answer."""
    written = draft()
    written.add(Piece(text="a", finish_reason=FinishReason.LENGTH), 11.0)
    written.end(FinishReason.ABANDONED, 12.0)
    assert written.exchange().finish_reason is FinishReason.LENGTH
    assert written.exchange().latency_s == 1.0


def test_an_engine_without_tokens_leaves_them_unknown() -> None:
    """Unknown is not zero."""
    written = draft()
    written.add(Piece(text="a", finish_reason=FinishReason.STOP), 11.0)
    assert written.exchange().output_tokens is None
    assert written.exchange().token_logprobs is None


def test_alternatives_of_tokens_give_their_entropies() -> None:
    """Five of equal chance have ln 5 nats."""
    written = draft()
    top = tuple((word, math.log(0.2)) for word in "abcde")
    written.add(Piece(text="a", tokens=(Token(id=1, text="a", logprob=-1.6, top=top),)), 10.5)
    entropies = written.exchange().token_entropies
    assert entropies is not None
    assert math.isclose(entropies[0], math.log(5))
