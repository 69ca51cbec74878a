"""Checks of an expectation's fields; each returns what is wrong with a value, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guards import conformance, jsontext, patterns

Check = Callable[[Any], str]

_LONGEST_LIMIT_S = 120
_MOST_REPEATS = 20


def text(value: Any) -> str:
    """A text."""
    return "" if isinstance(value, str) else "must be a text"


def filled(value: Any) -> str:
    """A text that is not blank."""
    return "" if isinstance(value, str) and value.strip() else "must be a text that is not blank"


def texts(value: Any) -> str:
    """A list of at least one text."""
    good = isinstance(value, list) and value and all(isinstance(each, str) for each in value)
    return "" if good else "must be a list of at least one text"


def choices(value: Any) -> str:
    """A list of at least two different texts, none of them empty."""
    wrong = texts(value)
    if wrong or len(set(value)) < 2 or len(set(value)) < len(value) or not all(value):
        return "must be a list of at least two different texts that are not empty"
    return ""


def names(value: Any) -> str:
    """A list of texts, which may be empty."""
    good = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return "" if good else "must be a list of texts"


def flag(value: Any) -> str:
    """True or false."""
    return "" if isinstance(value, bool) else "must be true or false"


def number(value: Any) -> str:
    """A number."""
    return "" if jsontext.is_number(value) else "must be a number"


def tolerance(value: Any) -> str:
    """A number of at least 0."""
    return number(value) or ("" if value >= 0 else "must not be negative")


def threshold(value: Any) -> str:
    """A number above 0 and at most 1."""
    good = jsontext.is_number(value) and 0 < value <= 1
    return "" if good else "must be a number above 0 and at most 1"


def weights(value: Any) -> str:
    """An object of positive numbers by field."""
    good = (
        isinstance(value, dict)
        and value
        and all(jsontext.is_number(each) and each > 0 for each in value.values())
    )
    return "" if good else "must give fields a weight above 0 each"


def word_order(value: Any) -> str:
    """0 for chrF, 2 for chrF++."""
    good = isinstance(value, int) and not isinstance(value, bool) and value in (0, 2)
    return "" if good else "must be 0 (chrF) or 2 (chrF++)"


def limit_s(value: Any) -> str:
    """Seconds."""
    good = jsontext.is_number(value) and 0 < value <= _LONGEST_LIMIT_S
    return "" if good else f"must be a number of seconds above 0 and at most {_LONGEST_LIMIT_S}"


def repeats(value: Any) -> str:
    """How often something random is asked."""
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_REPEATS
    return "" if good else f"must be a whole number from 1 to {_MOST_REPEATS}"


def scale(value: Any) -> str:
    """Two whole numbers, the worst score and the best."""
    good = (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(each, int) and not isinstance(each, bool) for each in value)
        and value[0] < value[1]
    )
    return "" if good else "must be two whole numbers: the worst score, then the best"


def pattern(value: Any) -> str:
    """A regular expression."""
    if not isinstance(value, str):
        return "must be a regular expression"
    try:
        patterns.compiled_pattern(value)
    except patterns.PatternError as error:
        return f"cannot be used: {error}"
    return ""


def schema(value: Any) -> str:
    """A JSON Schema."""
    if not isinstance(value, dict):
        return "must be a JSON Schema"
    try:
        conformance.accepts(None, jsontext.canonical(value))
    except conformance.UnusableSchema as error:
        return f"cannot be used: {error}"
    return ""


def expectation(value: Any) -> str:
    """Another expectation, which is checked by itself."""
    return "" if isinstance(value, dict) else "must be an expectation"


def expectations(value: Any) -> str:
    """A list of at least one expectation, which are checked by themselves."""
    good = isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
    return "" if good else "must be a list of at least one expectation"


def object_(value: Any) -> str:
    """A JSON object."""
    return "" if isinstance(value, dict) else "must be an object"


def anything(_value: Any) -> str:
    """Whatever JSON can say."""
    return ""


def known_fields(expectation: Mapping[str, Any]) -> str:
    """What `json` weighs and requires must be fields of its value."""
    named = {*expectation.get("weights", ()), *expectation.get("required", ())}
    if not named:
        return ""
    value = expectation["value"]
    if not isinstance(value, dict):
        return "weights and required are for a value that is an object"
    unknown = sorted(named - value.keys())
    return f"the value has no field {unknown[0]!r} to weigh or require" if unknown else ""


def one_choice(expectation: Mapping[str, Any]) -> str:
    """The right choice must be one of them."""
    if expectation["value"] in expectation["values"]:
        return ""
    return f"the value {expectation['value']!r} is none of the values"
