"""Customers' messages with what is known about them, made from phrases by a seeded generator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from monitor.demo import phrases, typing_habits
from monitor.demo.phrases import Haste, Topic

_CHOICE = re.compile(r"\(([^()]*)\)")
_WITH_ORDER = 0.75
_WITH_ASIDE = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A customer's message and the facts in it; `order` is `None` where none is named."""

    text: str
    topic: Topic
    haste: Haste
    item: str
    order: str | None


def write(rng: Random) -> Inquiry:
    """Write one message about a random matter."""
    topic, item = rng.choice(tuple(Topic)), rng.choice(phrases.ITEMS)
    haste = rng.choice(tuple(Haste))
    order = order_number(rng) if rng.random() < _WITH_ORDER else None
    sentences = _sentences(rng, topic, haste, item, order)
    text = typing_habits.apply(" ".join(sentences), rng, keep=frozenset(phrases.ITEMS))
    return Inquiry(text=text, topic=topic, haste=haste, item=item, order=order)


def order_number(rng: Random) -> str:
    """Return an order number: a capital inquiry, a hyphen and five digits."""
    return f"{rng.choice('ABCDEFGHKLMNPRSTVWXZ')}-{rng.randrange(100_000):05d}"


def expand(phrase: str, rng: Random) -> str:
    """Return the phrase with one alternative chosen in each pair of brackets, inside out."""
    while found := _CHOICE.search(phrase):
        chosen = rng.choice(found[1].split("|"))
        phrase = phrase[: found.start()] + chosen + phrase[found.end() :]
    return phrase


def _sentences(rng: Random, topic: Topic, haste: Haste, item: str, order: str | None) -> list[str]:
    slots = {
        "item": item,
        "code": order or "",
        "name": rng.choice(phrases.NAMES),
        "city": rng.choice(phrases.CITIES),
        "other": rng.choice([other for other in phrases.ITEMS if other != item]),
        "number": str(rng.randrange(1_000, 1_000_000)),
    }
    body = [phrases.ISSUES[topic], phrases.HASTE[haste]]
    if order is not None:
        body.append(phrases.ORDERS)
    if rng.random() < _WITH_ASIDE:
        body.append(phrases.ASIDES)
    rng.shuffle(body)
    parts = [phrases.GREETINGS, *body, phrases.CLOSINGS]
    texts = [expand(rng.choice(part), rng).format(**slots).strip() for part in parts]
    return [_punctuate(text, rng) for text in texts if text]


def _punctuate(sentence: str, rng: Random) -> str:
    capital = sentence[0].upper() + sentence[1:]
    return capital + rng.choice((".", ".", ".", "!", ","))
