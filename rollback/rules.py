"""Rules on indicators as people write them: in a sentence, or key by key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from rollback import fields
from rollback.durations import parse_duration
from rollback.errors import PolicyError
from rollback.indicators import catalogue
from rollback.thresholds import Action, RelativeTo, Side, Threshold

_DEFAULTS: Mapping[str, Any] = {"lasting": timedelta(minutes=5), "at_least": 1}
_LONGEST = timedelta(hours=24)

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_SIDE = r">|<|above|below"
_RELATIVE = r"\s*(?:x|×|\*)\s*baseline"
_SENTENCE = re.compile(
    rf"(?P<indicator>\w+)\s*(?P<side>{_SIDE})\s*(?P<limit>{_NUMBER})(?P<relative>{_RELATIVE})?"
    r"(?:\s+for\s+(?P<lasting>\d+\s*[a-z]+))?"
    r"(?:\s+with\s+at\s+least\s+(?P<at_least>\d+)\s+answers?)?"
    rf"(?:\s+until\s+(?P<back>{_SIDE})\s*(?P<until>{_NUMBER})(?P<cleared>{_RELATIVE})?)?"
)
_EXAMPLE = "latency_p95_s > 1.5 x baseline for 5 min with at least 50 answers"
_SIDES: Mapping[str, Side] = {
    ">": Side.ABOVE,
    "above": Side.ABOVE,
    "<": Side.BELOW,
    "below": Side.BELOW,
}
_UNIT = re.compile(r"(\d+)\s*(s|m|h|d|sec|min|seconds?|minutes?|hours?|days?)")


def parse(value: object) -> tuple[Threshold, ...]:
    """Return the thresholds of a list of rules.

    Raises:
        ValueError: if it is no list.
        PolicyError: for the first rule, or key of one, that cannot be used.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError("must be a list of rules")
    return tuple(_rule(rule, f"thresholds[{index}]") for index, rule in enumerate(value))


def sentence(text: object) -> Mapping[str, Any]:
    """Return what a rule in one sentence says, by the names of `Threshold`'s fields.

    Raises:
        ValueError: saying how a rule is written, or which name is meant.

    >>> sentence("latency_p95_s > 1.5 x baseline for 5 min")["limit"]
    1.5
    """
    words = " ".join(text.split()) if isinstance(text, str) else ""
    match = _SENTENCE.fullmatch(words)
    if match is None:
        raise ValueError(f"{text!r} is no rule; write it like {_EXAMPLE!r}")
    side = _SIDES[match["side"]]
    values: dict[str, Any] = {
        "indicator": _indicator(match["indicator"]),
        "side": side,
        "limit": fields.number(float(match["limit"])),
        "relative_to": RelativeTo.BASELINE if match["relative"] else RelativeTo.NUMBER,
    }
    if match["lasting"]:
        values["lasting"] = _lasting(_with_unit(match["lasting"]))
    if match["at_least"]:
        values["at_least"] = fields.count(int(match["at_least"]))
    if match["until"]:
        values["until"] = _until(match, side)
    return values


def _until(match: re.Match[str], side: Side) -> float:
    if _SIDES[match["back"]] is side:
        raise ValueError(
            f"'until {match['back']} {match['until']}' can never clear what breaks "
            f"{side.value}; say 'until {side.opposite.value}'"
        )
    if bool(match["cleared"]) != bool(match["relative"]):
        raise ValueError("give both limits as numbers, or both as multiples of the baseline")
    return fields.number(float(match["until"]))


def _with_unit(text: str) -> str:
    """Return a duration as `parse_duration` reads it: `5 min` is `5m`."""
    match = _UNIT.fullmatch(text)
    return f"{match[1]}{match[2][0]}" if match else text


def _rule(rule: object, at: str) -> Threshold:
    if not isinstance(rule, Mapping):
        raise PolicyError(
            at,
            "must be a mapping with 'when' and 'action', "
            "or with 'indicator', 'above' or 'below', and 'action'",
        )
    values = {**_DEFAULTS, **(_told(rule, at) if "when" in rule else _keyed(rule, at))}
    if "action" not in values:
        raise PolicyError(at, "lacks 'action'")
    threshold = Threshold(**values)
    _check_order(threshold, at)
    return threshold


def _told(rule: Mapping[str, Any], at: str) -> Mapping[str, Any]:
    values = fields.read(rule, _SENTENCE_FIELDS, at=f"{at}.")
    return {**values.pop("when"), **values}


def _keyed(rule: Mapping[str, Any], at: str) -> Mapping[str, Any]:
    values = fields.read(rule, _RULE_FIELDS, at=f"{at}.")
    limits = [side for side in Side if side.value in rule]
    if len(limits) != 1:
        raise PolicyError(at, "needs exactly one of 'above' and 'below'")
    if "indicator" not in values:
        raise PolicyError(at, "lacks 'indicator'")
    return {**values, "side": limits[0]}


def _check_order(threshold: Threshold, at: str) -> None:
    """Refuse a clear level on the bad side of the limit: the rule would clear while it is broken."""
    until = threshold.until
    if until is not None and threshold.side.holds(until, threshold.limit):
        raise PolicyError(
            at,
            f"'until' {until:g} lies {threshold.side.value} the limit {threshold.limit:g}; "
            f"give a value that is not {threshold.side.value} it",
        )


def _indicator(value: object) -> str:
    known = catalogue.OF_ANSWERS
    if isinstance(value, str) and value.strip() in known:
        return value.strip()
    raise ValueError(f"{value!r} is no indicator; {fields.advice(str(value), known)}")


def _lasting(value: object) -> timedelta:
    duration = parse_duration(value)
    if timedelta(minutes=1) <= duration <= _LONGEST:
        return duration
    raise ValueError(f"{value!r} is out of range; give a duration from '1m' to '24h'")


def _relative(value: object) -> RelativeTo:
    if value == RelativeTo.BASELINE.value:
        return RelativeTo.BASELINE
    raise ValueError(f"{value!r} is unknown; a limit may be relative to 'baseline' only")


def _action(value: object) -> Action:
    for action in Action:
        if value == action.value:
            return action
    raise ValueError(
        f"{value!r} is unknown; {fields.advice(str(value), [one.value for one in Action])}"
    )


_SENTENCE_FIELDS: Mapping[str, tuple[str, fields.Reader]] = {
    "when": ("when", sentence),
    "action": ("action", _action),
}

_RULE_FIELDS: Mapping[str, tuple[str, fields.Reader]] = {
    "indicator": ("indicator", _indicator),
    "above": ("limit", fields.number),
    "below": ("limit", fields.number),
    "relative_to": ("relative_to", _relative),
    "for": ("lasting", _lasting),
    "at_least": ("at_least", fields.count),
    "until": ("until", fields.number),
    "action": ("action", _action),
}
