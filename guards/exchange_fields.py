"""The fields of an exchange log's objects; every error names the field and says what it may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from guards import content, jsontext
from guards.endings import reason_of
from guards.exchange import FinishReason, Message, Passage

_LONGEST_NAME = 256
_MOST_TOKENS = 2**31 - 1
_OLDEST_YEAR = 2000  # what is older is a clock that was never set
_ROUNDING = 1e-3


class BadExchange(ValueError):
    """An object of an exchange log cannot be used.

    Args:
        field: which one is at fault, empty for the object as a whole.
        complaint: what is wrong with it, and what it may be.
    """

    def __init__(self, field: str, complaint: str) -> None:
        super().__init__(f"{field} {complaint}".strip())
        self.field = field


class Fields:
    """Reads typed fields of an object. A field that is missing or null is `None`.

    Args:
        prefix: stands before the names of fields in errors.
    """

    def __init__(self, value: Mapping[str, Any], prefix: str = "") -> None:
        self._value = value
        self._prefix = prefix

    def text(self, key: str) -> str | None:
        """Return a text."""
        value = self._value.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._bad(key, "must be text")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise self._bad(key, "holds half a surrogate pair, which is no character") from error
        return value

    def required_text(self, key: str) -> str:
        """Return a text that must be there, and may be empty."""
        value = self.text(key)
        if value is None:
            raise self._bad(key, "is missing: it must be text, and may be empty")
        return value

    def name(self, key: str) -> str | None:
        """Return a short text without control characters."""
        value = self.text(key)
        if value is not None and not (0 < len(value) <= _LONGEST_NAME and value.isprintable()):
            raise self._bad(key, f"must have 1 to {_LONGEST_NAME} printable characters")
        return value

    def boolean(self, key: str) -> bool:
        """Return a truth value; missing is false."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._bad(key, "must be true or false")
        return bool(value)

    def number(self, key: str, *, high: float = math.inf) -> float | None:
        """Return a number in [0, high]."""
        value = self._value.get(key)
        if value is None:
            return None
        if not jsontext.is_number(value) or not 0 <= value <= high:
            bounds = "of at least 0" if math.isinf(high) else f"between 0 and {high:g}"
            raise self._bad(key, f"must be a number {bounds}")
        return float(value)

    def count(self, key: str) -> int | None:
        """Return a whole number of tokens."""
        value = self._value.get(key)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= _MOST_TOKENS:
            raise self._bad(key, "must be a whole number of at least 0")
        return value

    def time(self, key: str) -> datetime | None:
        """Return a moment that is given with its zone."""
        value = self.text(key)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise self._bad(key, "must be a time as in 2025-06-01T12:00:00Z") from error
        if moment.tzinfo is None:
            raise self._bad(key, "must say its zone, as in 2025-06-01T12:00:00Z")
        if not _OLDEST_YEAR <= moment.year < 9999:
            raise self._bad(key, f"must not be before the year {_OLDEST_YEAR}")
        return moment

    def finish_reason(self, key: str) -> FinishReason | None:
        """Return why the answer ended."""
        value = self.text(key)
        if value is None:
            return None
        reason = reason_of(value)
        if reason is None:
            words = ", ".join(each.value for each in FinishReason)
            raise self._bad(key, f"must be one of {words}, or a usual word of a model server")
        return reason

    def logprobs(self, key: str) -> tuple[float, ...] | None:
        """Return natural logarithms; null stands for a number that is not finite."""
        return self._for_each_token(key, self._logprob)

    def entropies(self, key: str) -> tuple[float, ...] | None:
        """Return entropies in nats; null stands for an unknown one."""
        return self._for_each_token(key, self._entropy)

    def passages(self, key: str) -> tuple[Passage, ...]:
        """Return supplied context: texts, named by their number from 1, or objects of id and text."""
        value = self._value.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._bad(key, "must be a list of texts, or of objects with id and text")
        return tuple(
            self._passage(f"{key}[{index}]", index, each) for index, each in enumerate(value)
        )

    def texts(self, key: str) -> dict[str, str]:
        """Return an object whose values are texts; missing is empty."""
        value = self._value.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self._bad(key, "must be an object of texts")
        inner = Fields(value, f"{self._prefix}{key}.")
        return {name: inner.required_text(name) for name in value}

    def messages(self, key: str) -> tuple[Message, ...] | None:
        """Return the turns of a conversation, as chat requests hold them."""
        turns = self._value.get(key)
        if turns is None:
            return None
        if not isinstance(turns, list) or not turns:
            raise self._bad(key, "must be a list with at least one message")
        return tuple(self._message(f"{key}[{index}]", turn) for index, turn in enumerate(turns))

    def _message(self, where: str, turn: Any) -> Message:
        if not isinstance(turn, Mapping) or not isinstance(turn.get("role"), str):
            raise self._bad(where, "must be an object with role and content")
        said = content.text(turn.get("content"))
        called = content.calls(turn.get("tool_calls"), turn.get("function_call"))
        message = Message(role=turn["role"], content=content.joined((said, called)))
        Fields({where: message.role + message.content}, self._prefix).text(where)
        return message

    def _logprob(self, where: str, value: Any) -> float:
        if value is None:
            return math.nan
        if not jsontext.is_number(value) or value > _ROUNDING:
            raise self._bad(where, "must be a natural logarithm of at most 0, or null")
        return min(float(value), 0.0)

    def _entropy(self, where: str, value: Any) -> float:
        if value is None:
            return math.nan
        if not jsontext.is_number(value) or value < 0:
            raise self._bad(where, "must be an entropy of at least 0 nats, or null")
        return float(value)

    def _for_each_token(
        self, key: str, read: Callable[[str, Any], float]
    ) -> tuple[float, ...] | None:
        values = self._value.get(key)
        if values is None:
            return None
        if not isinstance(values, list):
            raise self._bad(key, "must be a list of numbers, one for each token")
        return tuple(read(f"{key}[{index}]", each) for index, each in enumerate(values))

    def _passage(self, where: str, index: int, value: Any) -> Passage:
        if isinstance(value, Mapping):
            inner = Fields(value, f"{self._prefix}{where}.")
            name = inner.name("id") or f"{index + 1}"
            return Passage(id=name, text=inner.required_text("text"))
        text = Fields({where: value}, self._prefix).required_text(where)
        return Passage(id=f"{index + 1}", text=text)

    def _bad(self, key: str, complaint: str) -> BadExchange:
        return BadExchange(f"{self._prefix}{key}", complaint)
