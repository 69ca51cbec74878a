"""Canonical JSON (RFC 8785): equal values have equal bytes, on any machine and after storage."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any

import rfc8785

from rollback.errors import NotCanonical
from rollback.times import iso

_SAFE_INTEGER = 2**53 - 1  # beyond it, JSON numbers are only doubles
_LARGEST_DOUBLE = int(sys.float_info.max)


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of a value, in UTF-8.

    Raises:
        NotCanonical: if a part of it has no JSON form (see `plain`).

    Source: RFC 8785, JSON Canonicalization Scheme.

    >>> canonical({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    try:
        return rfc8785.dumps(plain(value))
    except rfc8785.CanonicalizationError as error:
        raise NotCanonical(f"cannot be written as canonical JSON: {error}") from error


def plain(value: Any) -> Any:
    """Return a value made of JSON's own types, which reads back equal from any JSON store.

    Mappings become dictionaries, sequences lists, enum members their values and moments ISO 8601
    in UTC. Numbers that JSON does not know (NaN, infinities, integers that no double holds)
    become strings: an act must be recordable whatever its numbers are.

    Raises:
        NotCanonical: for any other type, and for keys that are not strings.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Real):
        return _number(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise NotCanonical(f"{type(value).__name__} has no JSON form; hand in JSON's own types")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    raise NotCanonical(f"the key {key!r} is not a string")


def _number(value: Real) -> int | float | str:
    if isinstance(value, Integral):
        return _integer(int(value))
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def _integer(value: int) -> int | float | str:
    if abs(value) <= _SAFE_INTEGER:
        return value
    # A JSON store may hand 1e300 back as an integer of 301 digits; both must have one form.
    if abs(value) <= _LARGEST_DOUBLE and Decimal(repr(float(value))) == value:
        return float(value)
    return str(Decimal(value))
