"""Reading exchanges out of what was relayed: from the bytes of a request and its answer.

Nothing that a caller or a server sends makes it fail. What cannot be read is unknown, and such an
answer is incomplete.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from guards.exchange import Exchange, FinishReason, Message
from monitor.gateway import answers, failures, questions
from monitor.gateway.answers import Answer, Choice
from monitor.gateway.failures import Failure
from monitor.gateway.questions import Question
from monitor.ports.handover import DEALT, Ending, Relayed

_UNREADABLE = "the engine's answer cannot be read"


def read(relayed: Relayed) -> Sequence[Exchange]:
    """Return the exchanges of one request, at least one: one for each choice that was begun.

    The first is named by the answer's own id, so that feedback finds it; the others by that id
    and their index, `chatcmpl-1#2`.
    """
    question = questions.read(relayed.dialect, relayed.request)
    if relayed.ending is Ending.FAILED:
        failure = failures.of_response(relayed.status, relayed.response)
        return [_exchange(relayed, question, Answer(), 0, Choice(), failure)]
    answer = answers.read(relayed.response)
    if not answer.choices:
        answer.choices[0] = Choice()
    return [
        _exchange(
            relayed, question, answer, index, choice, _failure(relayed, question, answer, choice)
        )
        for index, choice in sorted(answer.choices.items())
    ]


def _failure(
    relayed: Relayed, question: Question, answer: Answer, choice: Choice
) -> Failure | None:
    """Return what keeps a choice from being whole, if anything does.

    One that must not end never is: beyond its own end a sound model rambles and repeats itself.
    One that has come to its own end is whole, even if the caller left, or the engine died, right
    behind it.
    """
    if not answer.readable and relayed.ending is Ending.COMPLETE and not relayed.cut:
        return Failure(reason=FinishReason.INCOMPLETE, error=_UNREADABLE)
    if choice.finish_reason is not None and answer.readable:
        return Failure(reason=FinishReason.INCOMPLETE, error="") if question.endless else None
    if answer.failure is not None:
        return answer.failure
    left = relayed.ending is Ending.ABANDONED
    return Failure(reason=FinishReason.ABANDONED if left else FinishReason.INCOMPLETE, error="")


def _exchange(
    relayed: Relayed,
    question: Question,
    answer: Answer,
    index: int,
    choice: Choice,
    failure: Failure | None,
) -> Exchange:
    is_only = len(answer.choices) <= 1
    messages = question.prompt_of(index)
    logprobs = None if question.echo else answers.logprobs_of(choice)
    tokens = len(logprobs) if logprobs else None
    reason = choice.finish_reason if failure is None else failure.reason
    return Exchange(
        id=_id(relayed, answer, index),
        deployment=relayed.deployment,
        started_at=datetime.fromtimestamp(relayed.started_at, UTC),
        messages=messages,
        output=_without_echo(choice.output, messages) if question.echo else choice.output,
        adapter=relayed.adapter,
        epoch=relayed.epoch,
        latency_s=relayed.latency_s,
        first_token_s=relayed.first_byte_s if answer.streamed else None,
        prompt_tokens=answer.prompt_tokens if len(question.prompts) <= 1 else None,
        output_tokens=answer.output_tokens if is_only and answer.output_tokens else tokens,
        token_logprobs=None if logprobs is None else tuple(logprobs),
        token_entropies=None if question.echo else answers.entropies_of(choice),
        context=question.passages,
        finish_reason=reason,
        error=(failure.error or None) if failure is not None else None,
        ended_by_caller=reason is not None and question.may_have_ended(reason),
        caller=relayed.caller,
        tags=_tags(relayed),
        guarded=relayed.guarded.get(index),
    )


def _id(relayed: Relayed, answer: Answer, index: int) -> str:
    name = answer.id if _is_sound(answer.id) else relayed.id
    return f"{name}#{index}" if index else f"{name}"


def _is_sound(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= 128 and name.isascii() and name.isprintable()


def _tags(relayed: Relayed) -> dict[str, str]:
    tags = {"request_id": relayed.request_id}
    if relayed.id != relayed.request_id:  # its shadows know it by this
        tags["relayed_as"] = relayed.id
    if relayed.ending is Ending.FAILED and relayed.status is not None:
        tags["status"] = str(relayed.status)
    if relayed.shadow_of is not None:
        tags["shadow_of"] = relayed.shadow_of
    if relayed.dealt:
        tags[DEALT] = relayed.dealt
    return tags


def _without_echo(output: str, messages: tuple[Message, ...]) -> str:
    return output.removeprefix(messages[-1].content) if messages else output
