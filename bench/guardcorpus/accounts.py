"""Numbers of accounts, cards and persons, and what only looks like them."""

from __future__ import annotations

import random
import uuid

from bench.guardcorpus import numbers
from bench.guardcorpus.item import Item, grouped, made, some, some_digits, wide


def iban(rng: random.Random, positive: bool) -> Item:
    """Account numbers; wrong check digits, and other long codes."""
    frames = [
        "Please pay to {v}",
        "IBAN: {v}",
        "Überweisen Sie auf {v}",
        "Mon IBAN est {v}",
        "口座は{v}です",
        "iban={v}",
        "{v} BIC MARKDEFF",
        "Konto {v} bei der Bank",
    ]
    if positive or rng.random() < 0.5:
        bare = numbers.iban(rng, valid=positive)
        value = rng.choice(
            [
                bare,
                grouped(bare, [4] * 9, " "),
                grouped(bare, [4] * 9, " "),
                grouped(bare, [4] * 9, "-"),
            ]
        )
        value = rng.choices([value, value.lower(), wide(value)], [92, 5, 3])[0]
        return made(rng, "iban", frames, value, positive)
    value = rng.choice(
        [
            f"{some(rng, 'ABCDEFGH', 2)}{some_digits(rng, 2)} {some_digits(rng, 4)} {some_digits(rng, 4)} {some_digits(rng, 4)} {some_digits(rng, 4)}",
            some(rng, "0123456789abcdef", 40),
            f"{some(rng, 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789', 17)}",
            str(uuid.UUID(int=rng.getrandbits(128))),
            f"SE{some_digits(rng, 10)}01",
            f"AB{some_digits(rng, 20)}",
        ]
    )
    return made(rng, "iban", frames, value, False)


def credit_card(rng: random.Random, positive: bool) -> Item:
    """Card numbers; orders that fail Luhn, ISBNs, IMEIs, time stamps."""
    frames = [
        "Your card {v} was charged",
        "Card number: {v}",
        "カード番号は{v}です",
        "Karte {v} ist gesperrt",
        "cc={v}",
        "Order {v} is on its way",
        "La carte {v} est bloquée",
        "{v} exp. 04/29",
    ]
    if positive or rng.random() < 0.4:
        bare = numbers.card(rng, valid=positive)
        sizes = (4, 6, 5) if len(bare) == 15 else (4, 6, 4) if len(bare) == 14 else (4, 4, 4, 4)
        value = rng.choice(
            [bare, grouped(bare, sizes, " "), grouped(bare, sizes, "-"), grouped(bare, sizes, " ")]
        )
        return made(
            rng, "credit_card", frames, wide(value) if rng.random() < 0.04 else value, positive
        )
    value = rng.choice(
        [
            f"978{some_digits(rng, 10)}",
            f"35{some_digits(rng, 13)}",
            f"1{some_digits(rng, 15)}",
            f"17{some_digits(rng, 11)}",
            f"0000{some_digits(rng, 12)}",
            f"{some_digits(rng, 8)}-{some_digits(rng, 8)}",
            f"3.{some_digits(rng, 15)}",
            some_digits(rng, 22),
            f"9{some_digits(rng, 15)}",
            f"ord_4{some_digits(rng, 15)}x",
        ]
    )
    return made(rng, "credit_card", frames, value, False)


def us_ssn(rng: random.Random, positive: bool) -> Item:
    """Social security numbers; void ranges, ZIP+4, dates, ITINs, part numbers."""
    told = ["SSN {v}", "Social Security number: {v}", "her social security no. is {v}", "SSN={v}"]
    plain = ["It is {v}", "The number on file is {v}", "ID: {v}", "Employee Anna Lee, {v}"]
    if positive:
        bare = numbers.ssn(rng)
        frames, separator = (
            (told, rng.choice(["-", "-", " ", ""])) if rng.random() < 0.6 else (plain, "-")
        )
        return made(rng, "us_ssn", frames, grouped(bare, (3, 2, 4), separator), True)
    value = rng.choice(
        [
            grouped(numbers.ssn(rng, valid=False), (3, 2, 4), "-"),
            f"{some_digits(rng, 5)}-{some_digits(rng, 4)}",
            some_digits(rng, 9),
            f"9{some_digits(rng, 2)}-7{rng.randint(0, 9)}-{some_digits(rng, 4)}",
            f"{some_digits(rng, 3)}-{some_digits(rng, 3)}-{some_digits(rng, 3)}",
            f"2024-{some_digits(rng, 3)}-{some_digits(rng, 2)}-{some_digits(rng, 4)}",
            "123-45-6789",
            f"{some_digits(rng, 4)}-{some_digits(rng, 2)}-{some_digits(rng, 4)}",
        ]
    )
    return made(rng, "us_ssn", [*plain, "Part {v}", "ZIP {v}"], value, False)


def uk_nino(rng: random.Random, positive: bool) -> Item:
    """National insurance numbers; void prefixes, part numbers, post codes."""
    frames = [
        "NI number: {v}",
        "Her national insurance number is {v}",
        "{v} is on the payslip",
        "NINO={v}",
        "Part {v}",
    ]
    bare = numbers.nino(rng)
    if positive:
        value = rng.choice(
            [
                bare,
                grouped(bare, (2, 2, 2, 2), " "),
                f"{bare[:2]} {bare[2:8]} {bare[8]}",
                grouped(bare, (2, 2, 2, 2), "-"),
            ]
        )
        return made(rng, "uk_nino", frames, value.lower() if rng.random() < 0.05 else value, True)
    value = rng.choice(
        [
            rng.choice(["BG", "GB", "NK", "TN", "ZZ", "DA", "QQ", "AO", "FY"]) + bare[2:],
            bare[:8] + rng.choice("EFGXZ"),
            bare[:7] + "A",
            f"{bare}7",
            f"X{bare}",
            f"SW1A {rng.randint(1, 9)}AA",
            f"AB{some_digits(rng, 8)}",
            some(rng, "ABCDEF0123456789", 12),
        ]
    )
    return made(rng, "uk_nino", frames, value, False)


def de_steuer_id(rng: random.Random, positive: bool) -> Item:
    """German tax numbers; wrong check digits, other eleven digits."""
    frames = [
        "Steuer-ID: {v}",
        "Ihre Identifikationsnummer lautet {v}",
        "Die IdNr. {v} ist hinterlegt",
        "Tax ID {v}",
        "{v}",
    ]
    if positive:
        bare = numbers.steuer_id(rng)
        return made(
            rng, "de_steuer_id", frames, rng.choice([bare, grouped(bare, (2, 3, 3), " ")]), True
        )
    value = rng.choice(
        [
            numbers.steuer_id(rng, valid=False),
            some_digits(rng, 11),
            some_digits(rng, 12),
            f"49{some_digits(rng, 9)}",
            f"0{some_digits(rng, 10)}",
        ]
    )
    return made(rng, "de_steuer_id", [*frames, "Bestellung {v}", "Paket {v}"], value, False)


def jp_my_number(rng: random.Random, positive: bool) -> Item:
    """Japanese individual numbers; wrong check digits, orders, corporate numbers."""
    told = [
        "マイナンバーは{v}です",
        "個人番号：{v}",
        "My Number: {v}",
        "お客様の個人番号（{v}）",
        "マイナンバーカードに記載の番号は、{v}でございます",
    ]
    if positive:
        bare = numbers.my_number(rng)
        value = rng.choice(
            [bare, grouped(bare, (4, 4), " "), grouped(bare, (4, 4), "-"), wide(bare)]
        )
        return made(
            rng, "jp_my_number", told if rng.random() < 0.93 else ["番号は{v}です"], value, True
        )
    if rng.random() < 0.5:
        return made(rng, "jp_my_number", told, numbers.my_number(rng, valid=False), False)
    frames = ["注文番号は{v}です", "追跡番号：{v}", "Order {v}", "法人番号は{v}です"]
    return made(
        rng,
        "jp_my_number",
        frames,
        rng.choice([numbers.my_number(rng), some_digits(rng, 13)]),
        False,
    )
