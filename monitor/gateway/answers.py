"""What a model server answered: the choices of a whole answer or a stream, read from its bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from guards import content, entropy
from guards.endings import reason_of
from guards.exchange import FinishReason
from monitor.gateway import failures, sse, wire
from monitor.gateway.failures import Failure
from monitor.gateway.wire import Alternative, Logprobs, Said

_BLANK = b" \t\r\n"
_MOST = 2**31 - 1  # what a count of tokens may be


@dataclass(slots=True)
class Choice:
    """One answer of a model, as it is put together.

    Reasoning that a server reports beside the answer (`reasoning_content`) is no part of it:
    callers do not read it as the answer.

    Args:
        calls: name and arguments of each call of a tool, by its index.
        logprobs: natural logarithms, NaN where the server has no finite number.
        tops: the likeliest alternatives of each token, as the server gives them.
    """

    texts: list[str] = field(default_factory=list)
    calls: dict[Any, tuple[list[str], list[str]]] = field(default_factory=dict)
    logprobs: list[float] = field(default_factory=list)
    tops: list[Any] = field(default_factory=list)
    finish_reason: FinishReason | None = None

    @property
    def output(self) -> str:
        """The answer; calls of tools are lines of JSON behind the text."""
        text = "".join(self.texts)
        if not self.calls:
            return text
        called = (content.call("".join(name), "".join(rest)) for name, rest in self.calls.values())
        return content.joined((text, *called))

    def say(self, said: Said) -> None:
        """Take what a chat says, whole or a part of it."""
        if type(said.content) is str:
            self.texts.append(said.content)
        elif said.content:
            self.texts.append(content.text(said.content))
        if said.refusal:
            self.texts.append(content.text(said.refusal))
        if said.tool_calls and isinstance(said.tool_calls, list):
            for place, call in enumerate(said.tool_calls):
                if isinstance(call, dict):
                    self._call(call.get("index", place), call.get("function"))
        if said.function_call:
            self._call("function", said.function_call)

    def _call(self, index: Any, function: Any) -> None:
        if not isinstance(function, dict):
            return
        key = index if isinstance(index, int | str) else 0
        for part, value in zip(
            self.calls.setdefault(key, ([], [])),
            (function.get("name"), function.get("arguments")),
            strict=True,
        ):
            if value is not None:
                part.append(value if isinstance(value, str) else content.encoded(value))

    def weigh(self, logprobs: Logprobs) -> None:
        """Take log-probabilities; the first token of an echoed prompt has none."""
        for tokens in (logprobs.content, logprobs.refusal):
            if tokens:
                self.logprobs += [_logprob(token.logprob) for token in tokens]
                self.tops += [token.top_logprobs for token in tokens]
        if logprobs.token_logprobs:
            given = logprobs.token_logprobs
            skipped = not self.logprobs and given[0] is None
            self.logprobs += map(_logprob, given[skipped:])
            if isinstance(logprobs.top_logprobs, list):
                self.tops += logprobs.top_logprobs[skipped:]


@dataclass(slots=True)
class Answer:
    """What a server answered.

    Args:
        choices: by index.
        streamed: whether it came as server-sent events.
        readable: whether all of it could be read.
        failure: what the server said went wrong, if it did in the middle of its answer.
    """

    choices: dict[int, Choice] = field(default_factory=dict)
    id: str | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    streamed: bool = False
    readable: bool = True
    failure: Failure | None = None

    def take(self, data: bytes) -> None:
        """Take a whole answer, or one event of a stream."""
        part = wire.ANSWERS.decode(data)
        if part is None:
            self.readable = False
            return
        if self.id is None:
            self.id = part.id
        for each in part.choices:
            self._choose(each)
        if part.usage is not None:
            self.prompt_tokens = _count(part.usage.prompt_tokens)
            self.output_tokens = _count(part.usage.completion_tokens)
        if part.error is not None and self.failure is None:
            self.failure = failures.of_error(part.error)

    def _choose(self, part: wire.Choice[Any]) -> None:
        index = part.index if type(part.index) is int else 0
        choice = self.choices.get(index)
        if choice is None:
            choice = self.choices[index] = Choice()
        said = part.delta or part.message
        if said is not None:
            choice.say(said)
        elif part.text:
            choice.texts.append(content.text(part.text))
        if type(part.logprobs) is Logprobs:
            choice.weigh(part.logprobs)
        if part.finish_reason is not None and choice.finish_reason is None:
            choice.finish_reason = _reason(part.finish_reason)


def read(response: bytes) -> Answer:
    """Return what a response says, as far as it goes. Never raises.

    Whether it is a stream shows in its bytes: an event never begins with a brace. What follows
    `[DONE]` is no part of a stream.
    """
    body = response.removeprefix(sse.BOM).lstrip(_BLANK)
    if not body:
        return Answer()
    answer = Answer(streamed=not body.startswith(b"{"))
    if not answer.streamed:
        answer.take(body)
        return answer
    for data in sse.events(response):
        if data == b"[DONE]":
            break
        if data:
            answer.take(data)
    return answer


def logprobs_of(choice: Choice) -> Sequence[float] | None:
    """Return the log-probabilities of a choice, `None` where the server gave none."""
    return choice.logprobs or None


def entropies_of(choice: Choice) -> tuple[float, ...] | None:
    """Return the least entropies of a choice's tokens, `None` where the server gave too little."""
    if not any(choice.tops) or len(choice.tops) != len(choice.logprobs):
        return None
    return entropy.of_tokens(map(_alternatives, choice.tops))


def _alternatives(top: Any) -> Sequence[float]:
    """Return the log-probabilities of a chat's alternatives (a list), or a text's (an object)."""
    if isinstance(top, dict):
        return [_logprob(value) for value in top.values() if isinstance(value, float | int)]
    chosen = top if isinstance(top, list) else ()
    return [_logprob(each.logprob) for each in chosen if isinstance(each, Alternative)]


def _reason(given: Any) -> FinishReason:
    """Translate a server's word; an unknown one says that the model has ended its answer."""
    return (reason_of(given) if isinstance(given, str) else None) or FinishReason.STOP


def _logprob(value: float | None) -> float:
    """Return a log-probability of at most 0: rounding lifts some of them a little above."""
    return math.nan if value is None else min(value, 0.0)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST else None
