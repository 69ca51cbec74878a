"""Conformance: whether an answer is the JSON that its schema asks for (JSON Schema, any draft)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from enum import Enum
from functools import lru_cache
from typing import Any

import referencing
import referencing.exceptions
from jsonschema import exceptions, validators
from jsonschema.protocols import Validator

from guards import jsontext, patterns
from guards.exchange import Exchange

MOST_STEPS = 100_000  # keywords that one check looks at, some microseconds each
_steps: ContextVar[Iterator[int]] = ContextVar("steps")
_Keyword = Callable[[Validator, Any, Any, Mapping[str, Any]], Iterator[Any] | None]


class Conformance(Enum):
    """How an answer stands to the schema that was declared for it."""

    UNDECLARED = "undeclared"  # means that no schema was declared
    UNUSABLE = "unusable"  # means that the schema cannot be used, so nothing may be concluded
    BROKEN = "broken"  # means that the answer is no JSON
    VIOLATED = "violated"  # means that the answer is JSON and the schema refuses it
    VALID = "valid"  # means that the schema accepts the answer


class UnusableSchema(ValueError):
    """The JSON Schema is malformed, points outside itself, or takes too long to check."""


def of(exchange: Exchange) -> Conformance:
    """Return how an exchange's answer stands to its declared schema."""
    if exchange.response_schema is None:
        return Conformance.UNDECLARED
    try:
        schema = _canonical(_ByIdentity(exchange.response_schema))
    except ValueError:
        return Conformance.UNUSABLE
    return check(exchange.output, schema)


class _ByIdentity:
    """A schema as a key of a cache: the same object is the same schema, which nobody changes."""

    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.schema is other.schema


# A deployment's answers share one schema object; its text would cost as much as the check.
@lru_cache(maxsize=64)
def _canonical(key: _ByIdentity) -> str:
    return jsontext.canonical(key.schema)


# Signals and faults ask about the same answer one after the other.
@lru_cache(maxsize=512)
def check(text: str, schema: str) -> Conformance:
    """Check an answer against a schema given as canonical JSON."""
    try:
        value = jsontext.parse(text)
    except ValueError:
        return Conformance.BROKEN
    try:
        return Conformance.VALID if accepts(value, schema) else Conformance.VIOLATED
    except UnusableSchema:
        return Conformance.UNUSABLE


def accepts(value: Any, schema: str) -> bool:
    """Return whether a schema, given as canonical JSON, accepts a value.

    Raises:
        UnusableSchema: if the schema is malformed, points outside itself, uses
            `patternProperties`, or takes too long to check: over 100,000 keywords for a value.
    """
    validator = _validator(schema)
    _steps.set(iter(range(MOST_STEPS)))
    try:
        return bool(validator.is_valid(value))
    except referencing.exceptions.Unresolvable as error:
        raise UnusableSchema(f"the schema points to what is not in it: {error}") from error
    except (patterns.PatternError, RecursionError) as error:
        raise UnusableSchema(f"the schema cannot be checked in bounded time: {error}") from error


@lru_cache(maxsize=128)
def _validator(schema: str) -> Validator:
    # Its patterns would run without a time limit deep inside the library.
    if '"patternProperties":' in schema:
        raise UnusableSchema("the schema uses patternProperties: list the properties instead")
    document = json.loads(schema)
    kind = validators.validator_for(document, default=validators.Draft202012Validator)
    try:
        kind.check_schema(document)
    except exceptions.SchemaError as error:
        raise UnusableSchema(f"the schema is malformed: {error.message}") from error
    # The empty registry fetches nothing: schemas come from callers.
    own = {**kind.VALIDATORS, "pattern": _pattern, "uniqueItems": _unique_items}
    counted = {name: _counted(keyword) for name, keyword in own.items()}
    bounded = validators.extend(kind, counted)  # type: ignore[no-untyped-call]
    validator: Validator = bounded(document, registry=referencing.Registry())
    return validator


def _counted(keyword: _Keyword) -> _Keyword:
    """Return a keyword's check that ends with an error once a value has taken too many of them."""

    def check(
        validator: Validator, value: Any, instance: Any, schema: Mapping[str, Any]
    ) -> Iterator[Any] | None:
        if next(_steps.get(), None) is None:
            raise UnusableSchema(f"the answer takes over {MOST_STEPS:,} steps to check")
        return keyword(validator, value, instance, schema)

    return check


def _unique_items(
    _validator: Validator, unique: Any, instance: Any, _schema: Mapping[str, Any]
) -> Iterator[exceptions.ValidationError]:
    """Compare by canonical text: the library compares each item with each other."""
    if unique is not True or not isinstance(instance, list):
        return
    if len({jsontext.canonical(_number(each)) for each in instance}) < len(instance):
        yield exceptions.ValidationError("an item is there twice")


def _number(value: Any) -> Any:
    """Return a value with whole numbers in one form: to a schema 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_number(each) for each in value]
    return {key: _number(each) for key, each in value.items()} if isinstance(value, dict) else value


def _pattern(
    _validator: Validator, pattern: str, instance: Any, _schema: Mapping[str, Any]
) -> Iterator[exceptions.ValidationError]:
    if isinstance(instance, str) and not patterns.found(pattern, instance):
        yield exceptions.ValidationError(f"a text does not match {pattern!r}")
