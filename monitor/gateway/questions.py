"""What a caller asked: the request of a completion, read from its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from guards import content
from guards.exchange import FinishReason, Message, Passage
from monitor.gateway import wire
from monitor.gateway.wire import Turn
from monitor.ports.handover import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What matters of a request.

    Args:
        prompts: the messages of each prompt; empty if the request could not be read.
        choices: answers to each prompt, at least 1.
        has_limit, has_stops: whether a token limit, or stop strings, came with the request. A text
            completion without a limit has the protocol's own, of a few tokens (16 at OpenAI).
        echo: whether each answer begins with its prompt.
        passages: documents that came with the request, named by their own id, or number from 1.
        endless: whether the model was forbidden to end its answer.
    """

    prompts: tuple[tuple[Message, ...], ...] = ()
    choices: int = 1
    has_limit: bool = False
    has_stops: bool = False
    echo: bool = False
    passages: tuple[Passage, ...] = ()
    endless: bool = False

    def prompt_of(self, choice: int) -> tuple[Message, ...]:
        """Return what the choice with an index answers: first come all choices of the first prompt."""
        if not self.prompts:
            return ()
        return self.prompts[min(choice // self.choices, len(self.prompts) - 1)]

    def may_have_ended(self, reason: FinishReason) -> bool:
        """Whether the request itself may have ended an answer that ended for this reason."""
        if reason is FinishReason.LENGTH:
            return self.has_limit
        return reason is FinishReason.STOP and self.has_stops


_UNREADABLE = Question()


def read(dialect: Dialect, request: bytes) -> Question:
    """Return what a request asks; what cannot be read of it is left out. Never raises."""
    asked = wire.QUESTIONS.decode(request)
    if asked is None:
        return _UNREADABLE
    is_text = dialect is Dialect.TEXT
    return Question(
        prompts=_prompts(asked.prompt) if is_text else (tuple(map(_message, asked.messages)),),
        choices=asked.n if type(asked.n) is int and asked.n > 0 else 1,
        has_limit=is_text or _has_limit(asked),
        has_stops=bool(asked.stop) or bool(asked.stop_token_ids),
        echo=asked.echo is True,
        passages=_passages(asked.documents),
        endless=bool(asked.ignore_eos),
    )


def _has_limit(asked: wire.Question) -> bool:
    limits = (asked.max_tokens, asked.max_completion_tokens, asked.n_predict)
    return any(limit is not None for limit in limits)


def _passages(documents: Any) -> tuple[Passage, ...]:
    """Return the documents that have a text: texts, or objects that hold it under `text`."""
    given = documents if isinstance(documents, list) else []
    found = (_passage(number, each) for number, each in enumerate(given, start=1))
    return tuple(passage for passage in found if passage.text)


def _passage(number: int, document: Any) -> Passage:
    if not isinstance(document, dict):
        return Passage(id=f"{number}", text=document if isinstance(document, str) else "")
    name, text = document.get("id"), document.get("text")
    return Passage(
        id=f"{name}" if isinstance(name, str | int) else f"{number}",
        text=text if isinstance(text, str) else "",
    )


def _message(turn: Turn) -> Message:
    said = content.text(turn.content)
    if turn.tool_calls or turn.function_call:
        said = content.joined((said, content.calls(turn.tool_calls, turn.function_call)))
    return Message(role=turn.role if isinstance(turn.role, str) else "unknown", content=said)


def _prompts(prompt: Any) -> tuple[tuple[Message, ...], ...]:
    """Return one or several prompts, each a text or a list of token ids."""
    several = isinstance(prompt, list) and prompt and not isinstance(prompt[0], int)
    return tuple((_prompt(each),) for each in (prompt if several else (prompt,)))


def _prompt(prompt: Any) -> Message:
    if isinstance(prompt, str):
        return Message(role="prompt", content=prompt)
    return Message(role="prompt", content=content.opaque("token ids", prompt))
