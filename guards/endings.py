"""The words with which model servers and libraries say why an answer ended."""

from __future__ import annotations

from guards.exchange import FinishReason

_WORDS = {
    **{reason.value: reason for reason in FinishReason},
    "eos": FinishReason.STOP,
    "eos_token": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "end_turn": FinishReason.STOP,
    "tool_call": FinishReason.STOP,
    "tool_calls": FinishReason.STOP,
    "tool_use": FinishReason.STOP,
    "function_call": FinishReason.STOP,
    "content_filter": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "abort": FinishReason.INCOMPLETE,
    "cancelled": FinishReason.INCOMPLETE,
}


def reason_of(word: str) -> FinishReason | None:
    """Return what a word means, `None` if it is not known.

    >>> reason_of("tool_calls")
    <FinishReason.STOP: 'stop'>
    """
    return _WORDS.get(word)
