"""Values on their way into Postgres: what its text and JSON types refuse is replaced here.

A model may write NUL characters and halves of surrogate pairs, and evidence may grow to infinity.
None of that may cost a batch of good rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from rollback.canonical import plain

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BASE_MODEL = ""  # in keys, which hold no NULL


def key(version: str | None) -> str:
    """Return what stands for a version in a key."""
    return _BASE_MODEL if version is None else version


def version(key: str) -> str | None:
    """Return the version that a key stands for."""
    return None if key == _BASE_MODEL else key


def text(value: str) -> str:
    """Return a text that Postgres takes: NUL and unpaired surrogates become U+FFFD."""
    if value.isascii():
        return value.replace("\0", _REPLACEMENT)
    paired = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return paired.replace("\0", _REPLACEMENT)


def texts(column: Sequence[str]) -> list[str]:
    """Return `text(value)` of each; of ordinary ones all at once."""
    joined = "".join(column)
    if joined.isascii() and "\0" not in joined:
        return list(column)
    return [text(each) for each in column]


def optional_text(value: str | None) -> str | None:
    """Return `text(value)`, or `None` where there is none."""
    return None if value is None else text(value)


def jsonable(value: Any) -> Any:
    """Return a value in JSON's own types that Postgres takes; see `rollback.canonical.plain`.

    >>> jsonable({"evidence": float("inf"), "pair": (1, 2.5)})
    {'evidence': 'Infinity', 'pair': [1, 2.5]}
    """
    return _cleaned(plain(value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return value


def dumps(value: Any) -> str:
    """Return the JSON of `jsonable(value)`."""
    try:
        plain_json = _compact(value)
    except (TypeError, ValueError):  # types or numbers that JSON does not know
        return _compact(jsonable(value))
    suspect = "\\u0000" in plain_json or "\\ud" in plain_json
    return _compact(jsonable(value)) if suspect else plain_json


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


class ExactJson(TypeDecorator[Any]):
    """JSON kept as text, so that every float comes back as it went in, infinity and NaN too."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write Python's own JSON."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read it back."""
        return None if value is None else json.loads(value)
