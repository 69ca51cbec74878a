"""Typed reading of JSON fields; every refusal names the field and what it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.gateway.refusal import invalid


def text(body: Mapping[str, Any], name: str, *, where: str | None = None) -> str:
    """Return a required text."""
    value = body.get(name)
    if not isinstance(value, str):
        raise invalid(f"{where or name} must be text", where or name)
    return unicode(value, where or name)


def unicode(value: str, name: str) -> str:
    """Return a text as it is, if it can be written as UTF-8 (half a surrogate pair cannot)."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise invalid(f"{name} holds half a surrogate pair, which is no character", name) from error
    return value


def boolean(body: Mapping[str, Any], name: str) -> bool:
    """Return a truth value; missing and null are false."""
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false", name)
    return value


def integer(body: Mapping[str, Any], name: str, *, low: int, high: int | None = None) -> int | None:
    """Return a whole number within bounds, or `None` where it is missing."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{name} must be a whole number", name)
    if value < low or (high is not None and value > high):
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise invalid(f"{name} must be {bounds}, not {value}", name)
    return value


def number(body: Mapping[str, Any], name: str, *, low: float, high: float, default: float) -> float:
    """Return a number within bounds; NaN is within none."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"{name} must be a number", name)
    if not low <= value <= high:
        raise invalid(f"{name} must be between {low:g} and {high:g}, not {value}", name)
    return float(value)


def strings(body: Mapping[str, Any], name: str, *, most: int) -> tuple[str, ...]:
    """Return one text or a list of them as a tuple; none may be empty."""
    value = body.get(name)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise invalid(f"{name} must be a text or a list of texts, none of them empty", name)
    if len(values) > most:
        raise invalid(f"{name} may hold at most {most} texts", name)
    return tuple(unicode(v, name) for v in values)


def mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return an object, or `None` where it is missing."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(f"{name} must be an object", name)
    return value
