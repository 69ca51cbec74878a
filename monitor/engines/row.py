"""A row: one answer in the running batch."""

from __future__ import annotations

from random import Random
from typing import Any

from guards.exchange import FinishReason
from monitor.engines.sampling import Choice, Sampling
from monitor.engines.stopping import StopStrings
from monitor.engines.text import TextStream, TokenTexts
from monitor.ports.engine import Generation, Piece, Token


class Row:
    """One answer as it is written.

    Args:
        prompt: token ids, at least one.
        adapter: name of the PEFT adapter that answers, or `adapters.BASE`.
        limit: tokens that prompt and answer may have together.
        end_ids: tokens that end an answer.
    """

    def __init__(
        self,
        generation: Generation,
        prompt: list[int],
        *,
        adapter: str,
        limit: int,
        end_ids: frozenset[int],
        tokenizer: Any,
        texts: TokenTexts,
    ) -> None:
        self.prompt = prompt
        self.adapter = adapter
        self.length = len(prompt)  # tokens in the cache once the pending one is fed
        self.last_id = prompt[-1]
        self.finished = False
        self.sampling = Sampling(
            temperature=generation.temperature,
            top_p=generation.top_p,
            source=Random(generation.seed),
            alternatives=generation.logprobs,
        )
        self._left = min(generation.max_tokens, limit - len(prompt))
        self.most = len(prompt) + self._left  # tokens that it may come to
        self._end_ids = end_ids
        self._text = TextStream(tokenizer)
        self._stops = StopStrings(generation.stop)
        self._texts = texts

    def accept(self, choice: Choice) -> Piece:
        """Take the next token; return the piece of the answer that it completes."""
        self.last_id = choice.token_id
        self.length += 1
        self._left -= 1
        ended = choice.token_id in self._end_ids
        text = "" if ended else self._stops.push(self._text.push(choice.token_id))
        reason = self._reason(ended)
        if reason is not None:
            self.finished = True
            text += self._rest()
        return Piece(
            text=text,
            tokens=(self._token(choice),),
            finish_reason=reason,
            prompt_tokens=len(self.prompt),
        )

    def _reason(self, ended: bool) -> FinishReason | None:
        if ended or self._stops.hit:
            return FinishReason.STOP
        return FinishReason.LENGTH if self._left <= 0 else None

    def _rest(self) -> str:
        """Return the text held back, unless a stop string cut it off."""
        if self._stops.hit:
            return ""
        released = self._stops.push(self._text.flush())
        return released if self._stops.hit else released + self._stops.flush()

    def _token(self, choice: Choice) -> Token:
        return Token(
            id=choice.token_id,
            text=self._texts.of(choice.token_id),
            logprob=min(choice.logprob, 0.0),
            top=tuple((self._texts.of(token_id), logprob) for token_id, logprob in choice.top),
        )
