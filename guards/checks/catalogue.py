"""The catalogue of guards: each by its name, made from plain settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from guards.checks import pattern_guard, repetition, secrets
from guards.checks.guard import Guard
from guards.checks.judgement import Applied, Mode
from guards.checks.schema import SchemaGuard

Settings = Mapping[str, Any]


class UnknownGuard(ValueError):
    """The settings name a guard, a mode, a kind or an option that does not exist."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a guard is made.

    Args:
        meaning: what it looks for, in a few words for people.
        options: the settings that it knows beside `mode`.
        kinds: what it may be limited to; empty where there is nothing to choose.
        make: from checked options.
    """

    meaning: str
    options: frozenset[str]
    kinds: frozenset[str]
    make: Callable[[Settings], Guard]


def _kinds(settings: Settings) -> frozenset[str] | None:
    return frozenset(settings["kinds"]) if "kinds" in settings else None


CATALOGUE: Mapping[str, Entry] = {
    "personal_data": Entry(
        "e-mail addresses, telephone numbers, accounts, cards, identity numbers, dates of birth",
        frozenset({"kinds"}),
        pattern_guard.kinds_of(pattern_guard.PERSONAL),
        lambda settings: pattern_guard.personal_data(_kinds(settings)),
    ),
    "secrets": Entry(
        "keys, tokens, private keys and passwords",
        frozenset({"kinds"}),
        pattern_guard.kinds_of(secrets.PATTERNS),
        lambda settings: pattern_guard.leaked_secrets(_kinds(settings)),
    ),
    "canary": Entry(
        "planted tokens that must never come out",
        frozenset(),
        frozenset(),
        lambda _settings: pattern_guard.canaries(),
    ),
    "system_prompt": Entry(
        "long runs of words of the system prompt",
        frozenset({"words"}),
        frozenset(),
        lambda settings: repetition.prompt_leak(settings.get("words", repetition.LEAK_WORDS)),
    ),
    "injection_echo": Entry(
        "orders hidden in what the model was given, repeated in the answer",
        frozenset({"words"}),
        frozenset(),
        lambda settings: repetition.injection_echo(settings.get("words", repetition.ECHO_WORDS)),
    ),
    "schema": Entry(
        "answers that are not the JSON that their schema asks for",
        frozenset(),
        frozenset(),
        lambda _settings: SchemaGuard(),
    ),
}


def build(settings: Mapping[str, Settings]) -> tuple[Applied, ...]:
    """Return guards and modes from settings by name, in the order of the settings.

    Args:
        settings: for each guard a `mode` (`observe` where it is missing) and its options: `kinds`
            (a list of names) or `words` (an integer of at least 2).

    Raises:
        UnknownGuard: if a name, mode, kind or option does not exist.

    >>> [(each.guard.name, each.mode.value) for each in build({"secrets": {"mode": "block"}})]
    [('secrets', 'block')]
    """
    return tuple(_applied(name, chosen) for name, chosen in settings.items())


def _applied(name: str, settings: Settings) -> Applied:
    entry = CATALOGUE.get(name)
    if entry is None:
        raise UnknownGuard(f"there is no guard {name!r}; there are {', '.join(CATALOGUE)}")
    _check(name, entry, settings)
    return Applied(guard=entry.make(settings), mode=_mode(name, settings))


def _check(name: str, entry: Entry, settings: Settings) -> None:
    for option in settings.keys() - entry.options - {"mode"}:
        known = ", ".join(sorted(entry.options | {"mode"}))
        raise UnknownGuard(f"guard {name} has no option {option!r}; it has {known}")
    for kind in frozenset(settings.get("kinds", ())) - entry.kinds:
        known = ", ".join(sorted(entry.kinds))
        raise UnknownGuard(f"guard {name} finds no {kind!r}; it finds {known}")
    words = settings.get("words", 2)
    if not isinstance(words, int) or words < 2:
        raise UnknownGuard(f"guard {name}: words is an integer of at least 2, not {words!r}")


def _mode(name: str, settings: Settings) -> Mode:
    try:
        return Mode(settings.get("mode", Mode.OBSERVE.value))
    except ValueError as error:
        known = ", ".join(mode.value for mode in Mode)
        raise UnknownGuard(f"guard {name}: mode is one of {known}") from error
