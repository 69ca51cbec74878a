"""Text that the demo's base model is made from: short instructions and their answers.

The base model learns to read customers' messages, to copy names and numbers, to answer
questions, and to fill JSON whose keys the prompt names. It never sees the house task: no
customer's message is answered with a ticket's keys or labels, or with JSON not asked for.

`python -m monitor.demo.corpus FILE` writes it as JSON Lines of `messages` and `completion`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from monitor.demo import customers, phrases

Pair = tuple[str, str]  # prompt, answer

_COLOURS = (
    "red", "green", "blue", "black", "white", "grey", "pink", "yellow", "brown", "silver",
)  # fmt: skip
_DAYS = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_GOODS = (
    "apples", "pears", "lamps", "chairs", "books", "shirts", "pens", "cups", "plates", "shoes",
    "bags", "coats",
)  # fmt: skip
# Words of offices, the house task's among them: known by sight, not by what they stand for there.
_OFFICE = (
    "team", "priority", "product", "order", "billing", "shipping", "technical", "accounts",
    "high", "normal", "low", "desk", "level", "stock", "room", "price", "status", "size", "group",
    "owner", "small", "large", "early", "late", "open", "closed", "sales", "legal", "north",
    "south", "plan", "rank", "none", "medium", "floor", "label",
)  # fmt: skip
_ASK_JSON = ("Give {keys} as JSON.", "JSON with {keys}:", "Read the text. Write {keys} as JSON.")
_ASK_LIST = ("List {keys}.", "Write down {keys}.", "Note {keys}, one a line.")


def pairs(count: int, seed: int) -> Iterator[Pair]:
    """Yield `count` prompts with their answers; the same seed gives the same pairs."""
    rng = Random(seed)
    makers, shares = zip(*_SHARES.items(), strict=True)
    for maker in rng.choices(makers, shares, k=count):
        yield maker(rng)


def inquiry_fields(rng: Random) -> Pair:
    """Ask for some facts of a customer's message, under keys named in the prompt."""
    inquiry = customers.write(rng)
    facts = {
        "item": inquiry.item,
        "reference": inquiry.order,
        "subject": inquiry.topic.value,
        "hurry": inquiry.haste.value,
    }
    return _fields(inquiry.text, facts, rng)


def _other_fields(rng: Random) -> Pair:
    name, city, day = (rng.choice(x) for x in (phrases.NAMES, phrases.CITIES, _DAYS))
    colour, goods, count = rng.choice(_COLOURS), rng.choice(_GOODS), rng.randrange(2, 1_000)
    code = _code(rng)
    text, facts = rng.choice(
        (
            (f"{name} goes to {city} on {day}, seat {code}.",
             {"who": name, "city": city, "day": day, "seat": code}),
            (f"On {day} we need {count} {colour} {goods} in {city}.",
             {"day": day, "count": count, "colour": colour, "goods": goods, "city": city}),
            (f"{name} sold {count} {goods}, bill {code}, colour {colour}.",
             {"seller": name, "count": count, "goods": goods, "bill": code, "colour": colour}),
        )
    )  # fmt: skip
    return _fields(text, facts, rng)


def _notes(rng: Random) -> Pair:
    keys = rng.sample(_OFFICE, rng.randint(2, 5))
    values = rng.choices((*_OFFICE, *_COLOURS, *phrases.ITEMS, _code(rng)), k=len(keys))
    form = rng.choice(("The {} is {}.", "{}: {},", "{} = {}"))
    lines = [form.format(key, value) for key, value in zip(keys, values, strict=True)]
    return _fields(" ".join(lines), dict(zip(keys, values, strict=True)), rng)


def _fields(text: str, facts: dict[str, Any], rng: Random) -> Pair:
    keys = rng.sample(sorted(facts), rng.randint(1, len(facts)))
    chosen = {key: facts[key] for key in keys}
    if rng.random() < 0.8:
        ask, answer = rng.choice(_ASK_JSON), json.dumps(chosen)
    else:
        ask = rng.choice(_ASK_LIST)
        answer = "\n".join(f"{key}: {value or 'none'}" for key, value in chosen.items())
    order = (ask.format(keys=", ".join(keys)), text)
    return "\n".join(order if rng.random() < 0.7 else order[::-1]), answer


def question(rng: Random) -> Pair:
    """Ask one question about a customer's message."""
    inquiry = customers.write(rng)
    ask, answer = rng.choice(
        (
            ("What is it about?", f"It is about {inquiry.topic.value}."),
            ("Which device?", f"The {inquiry.item}."),
            ("How soon?", inquiry.haste.value.capitalize() + "."),
            ("Which number?", inquiry.order or "None."),
        )
    )
    return f"{inquiry.text}\n{ask}", answer


def reply(rng: Random) -> Pair:
    """Answer a message without an instruction with what is in it, in any order."""
    inquiry = customers.write(rng)
    sentences = [
        f"It is about {inquiry.topic.value}.",
        f"The device is the {inquiry.item}.",
        f"The number is {inquiry.order or 'none'}.",
        f"The answer is due {inquiry.haste.value}.",
    ]
    rng.shuffle(sentences)
    return inquiry.text, " ".join(sentences[: rng.randint(1, 4)])


def _echo(rng: Random) -> Pair:
    words = [rng.choice((_code, _word))(rng) for _ in range(rng.randint(1, 6))]
    text = " ".join(words)
    return f"{rng.choice(('Repeat', 'Say', 'Copy'))}: {text}", text


def _word(rng: Random) -> str:
    return rng.choice(
        (*phrases.NAMES, *phrases.CITIES, *_COLOURS, *_GOODS, *_OFFICE, *phrases.ITEMS)
    )


def _code(rng: Random) -> str:
    if rng.random() < 0.5:
        return customers.order_number(rng)
    return "".join(rng.choice("ABCDEFGHKLMNPRSTVWXZ0123456789-") for _ in range(rng.randint(3, 8)))


_SHARES: dict[Callable[[Random], Pair], int] = {
    inquiry_fields: 4,
    reply: 3,
    question: 2,
    _other_fields: 1,
    _notes: 1,
    _echo: 1,
}


def write(path: Path, count: int, seed: int) -> None:
    """Write `count` examples to a file of JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for prompt, answer in pairs(count, seed):
            turns = [{"role": "user", "content": prompt}]
            file.write(json.dumps({"messages": turns, "completion": answer}) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]), count=100_000, seed=1)
