"""Phrases that customers' messages are put together from.

A phrase is a small grammar: `(a|b)` stands for one of its alternatives, and may be nested;
`{item}` is the device that the message is about, `{code}` its order number.
"""

from __future__ import annotations

from enum import Enum


class Topic(Enum):
    """What a message is about."""

    MONEY = "money"  # means that the customer disputes or asks about a payment
    PARCEL = "parcel"  # means that something is late, lost or wrong on its way
    FAULT = "fault"  # means that the device does not work as it should
    ENTRY = "entry"  # means that the customer cannot get in, or wants personal data changed


class Haste(Enum):
    """How soon the customer wants an answer."""

    SOON = "soon"  # means that the customer says it is urgent
    UNSAID = "unsaid"  # means that the message says nothing about it
    LATER = "later"  # means that the customer says there is time


ITEMS = ("router", "phone", "tablet", "laptop", "camera", "speaker", "watch", "printer")

ISSUES: dict[Topic, tuple[str, ...]] = {
    Topic.MONEY: (
        "(I was|I have been|we were) (charged|billed) (twice|two times) for (my|the|our) {item}",
        "the (invoice|bill) for (my|the) {item} (shows|has) the wrong (amount|price|total)",
        "I (still wait|am waiting) for (the|my) refund (for|of) the {item}",
        "(can|could) I get my money back for the {item}",
        "(you|your shop) took (too much|more than agreed) for the {item}",
        "the discount on (my|the) {item} was not (applied|counted)",
        "(please send me|I need) a (proper |new |)receipt for the {item}",
        "(my card|my bank account) was debited (again|twice) for the {item}",
        "what does the extra (fee|charge) on the {item} stand for",
        "(can|may) I pay for the {item} in (instalments|three parts)",
        "the price of the {item} (was|is) lower on your (page|site) than what I paid",
        "the tax on the {item} (looks|seems) wrong to me",
    ),
    Topic.PARCEL: (
        "(my|the) {item} (has not arrived|never arrived|did not come)",
        "where is (my|the) {item} (I ordered|)",
        "the (parcel|box) with (my|the) {item} (is lost|got lost|went missing)",
        "(you sent|I received) the wrong {item}",
        "the courier left (my|the) {item} at the wrong (door|address|house)",
        "tracking for (my|the) {item} has not (moved|changed) (for days|since monday|for a week)",
        "the box of (my|the) {item} came (open|crushed|wet|empty)",
        "when will (my|the) {item} be (delivered|here|sent)",
        "the {item} is (late|overdue) (again|by a week|)",
        "can you send (my|the) {item} to another address",
        "only half of the parcel came, the {item} is missing",
        "nobody was at home when the {item} (came|was brought)",
    ),
    Topic.FAULT: (
        "(my|the) {item} (does not|will not|won't) (turn on|start|switch on)",
        "the screen of (my|the) {item} (is black|flickers|stays dark)",
        "(my|the) {item} (keeps crashing|freezes|restarts all the time)",
        "the battery of (my|the) {item} (dies|is empty) after an hour",
        "(my|the) {item} (loses|drops) the connection (every day|all the time|)",
        "there is a (strange|loud) noise (from|in) (my|the) {item}",
        "(my|the) {item} gets (very|too) hot",
        "the buttons (on|of) (my|the) {item} (do nothing|are stuck)",
        "since the (last |)update (my|the) {item} is (very |)slow",
        "(my|the) {item} shows (an error|error 52|a red light)",
        "(my|the) {item} (broke|stopped working) (yesterday|today|after two days)",
        "I cannot (pair|connect) (my|the) {item} with anything",
    ),
    Topic.ENTRY: (
        "I (cannot|can't) (sign in|log in) to (register|set up) (my|the) {item}",
        "I forgot (my|the) password for (my|the) {item}",
        "(please change|I want to change) the (name|email) that (my|the) {item} is under",
        "(my|the) {item} (asks for|wants) a (pin|code) that I do not have",
        "(my|our) profile is (locked|blocked) and I cannot use the {item}",
        "the reset (link|mail) for (my|the) {item} (never came|does not work)",
        "how do I (remove|delete) (my|the) {item} from my profile",
        "somebody else (is signed in|has signed in) on (my|the) {item}",
        "(please|can you) (move|transfer) the {item} to my (wife's|son's|new) profile",
        "the two step (code|check) for (my|the) {item} fails",
        "my user name for the {item} is not (known|accepted)",
        "(I want to|please) close my profile, I sold the {item}",
    ),
}

HASTE: dict[Haste, tuple[str, ...]] = {
    Haste.SOON: (
        "this is (very |really |)urgent",
        "I need (it|this|help) (today|right now|at once|by tonight)",
        "please (hurry|be quick|answer at once)",
        "(I cannot wait|it cannot wait) (any longer|)",
        "as soon as possible(, please|)",
        "my work (depends on it|stands still)",
        "(help me|reply) immediately(, please|)",
    ),
    Haste.UNSAID: ("",),
    Haste.LATER: (
        "(there is |)no (rush|hurry)",
        "take your time",
        "whenever you (have time|can|get to it)",
        "it (is not|isn't) urgent",
        "it can wait (until next week|a few days|)",
        "just (wondering|asking)",
        "(sometime|any day) next week is fine",
    ),
}

ORDERS = (
    "(my|the) order (number |)is {code}",
    "order {code}",
    "(it is|that's) order {code}",
    "(see|about|regarding) order {code}",
    "the (number|order) is {code}",
    "I ordered it as {code}",
)

GREETINGS = (
    "(hi|hello|hey|good morning|good evening|dear team|hi there|hello team)",
    "(hi|hello), (my name is|this is|I am) {name}",
    "",
    "",
)

CLOSINGS = (
    "(thanks|thank you|many thanks|cheers)",
    "(best|kind) regards, {name}",
    "{name}",
    "",
    "",
    "",
)

ASIDES = (
    "I (have been|am) a customer for (two|five|ten) years",
    "I (tried|asked) (this |)(before|twice) and heard nothing",
    "I live in {city}",
    "I (bought|got) it (last week|in may|as a gift)",
    "I also have a {other}, which is fine",
    "my customer number is {number}",
    "you can call me on {number}",
    "I hope you are well",
    "the weather in {city} is bad",
)

NAMES = (
    "Ada", "Ben", "Carla", "David", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira",
    "Liam", "Mona", "Nils", "Olga", "Pablo", "Rosa", "Sami", "Tara", "Uwe", "Vera", "Wim", "Yara",
    "Zoe", "Anna", "Boris", "Chen", "Dora", "Emil", "Fatma", "Goran", "Hanna",
)  # fmt: skip
CITIES = (
    "Oslo", "Porto", "Lyon", "Gent", "Graz", "Turin", "Malmo", "Cork", "Leeds", "Bonn", "Basel",
    "Brno", "Gdansk", "Vilnius", "Riga", "Tartu", "Split", "Patras", "Varna", "Seville",
)  # fmt: skip
