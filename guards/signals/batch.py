"""A batch of exchanges as signals look at it: a sequence, with what several of them need made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Self, overload

from guards import vocabulary
from guards.exchange import Exchange
from guards.layout import Layout
from guards.signals import python_code, scripts
from guards.signals.python_code import Python
from guards.signals.scripts import Counts
from guards.signals.tokens import Tokens
from guards.signals.view import TextView
from guards.vocabulary import Vocabulary

_LONGEST_PROMPT = 4_000  # characters that are looked at


class Batch(Sequence[Exchange]):
    """Exchanges in order, with views of their answers.

    Whoever writes a signal may take it for the plain sequence of exchanges that it is.
    """

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = exchanges

    @classmethod
    def of(cls, exchanges: Sequence[Exchange]) -> Self:
        """Return exchanges as a batch; a batch is returned as it is."""
        return exchanges if isinstance(exchanges, cls) else cls(exchanges)

    @overload
    def __getitem__(self, index: int) -> Exchange: ...

    @overload
    def __getitem__(self, index: slice) -> Batch: ...

    def __getitem__(self, index: int | slice) -> Exchange | Batch:
        if isinstance(index, slice):
            return Batch(self._exchanges[index])
        return self._exchanges[index]

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    @cached_property
    def answers(self) -> list[TextView]:
        """Views of the answers, in order."""
        return [TextView(exchange.output) for exchange in self._exchanges]

    @cached_property
    def layout(self) -> Layout:
        """Where the words and lines of the answers are."""
        return Layout.of([exchange.output for exchange in self._exchanges])

    @cached_property
    def letters(self) -> Counts:
        """Letters of each answer by script, shape (n, 3), as `scripts.letter_counts` gives them."""
        return scripts.letter_counts(self.answers)

    @cached_property
    def prompt_letters(self) -> Counts:
        """The same of what the callers asked."""
        asked = (exchange.question[:_LONGEST_PROMPT] for exchange in self._exchanges)
        return scripts.letter_counts([TextView(question) for question in asked])

    @cached_property
    def logprobs(self) -> Tokens:
        """The log-probabilities of the answers that have them."""
        return Tokens([exchange.token_logprobs for exchange in self._exchanges])

    @cached_property
    def python(self) -> list[Python | None]:
        """The Python of each answer, `None` where there is none."""
        return list(map(python_code.of, self.answers))

    @cached_property
    def grounds(self) -> list[tuple[Vocabulary, Vocabulary] | None]:
        """The vocabularies of each answer and of its context; `None` without context."""
        return [_grounds(exchange) for exchange in self._exchanges]


def _grounds(exchange: Exchange) -> tuple[Vocabulary, Vocabulary] | None:
    supplied = exchange.supplied
    return (Vocabulary(exchange.output), vocabulary.of_context(supplied)) if supplied else None
