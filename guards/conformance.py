"""Conformance: whether an answer is the JSON that its schema asks for (JSON Schema, any draft)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

import referencing
import referencing.exceptions
from jsonschema import exceptions, validators
from jsonschema.protocols import Validator

from guards import jsontext, patterns
from guards.exchange import Exchange


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
            `patternProperties`, or takes too long to check.
    """
    try:
        return bool(_validator(schema).is_valid(value))
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
    bounded = validators.extend(kind, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    validator: Validator = bounded(document, registry=referencing.Registry())
    return validator


def _pattern(
    _validator: Validator, pattern: str, instance: Any, _schema: Mapping[str, Any]
) -> Iterator[exceptions.ValidationError]:
    if isinstance(instance, str) and not patterns.found(pattern, instance):
        yield exceptions.ValidationError(f"{instance!r} does not match {pattern!r}")
