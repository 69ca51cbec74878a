"""Numbers with check digits, made by code of its own: by search, not by the guards' formulas."""

from __future__ import annotations

import random

from bench.guardcorpus.item import some_digits

# Structures (n: digits, a: capitals, c: either) of BBANs: SWIFT IBAN registry.
_BBAN = {
    "DE": "n18",
    "GB": "a4n14",
    "FR": "n10c11n2",
    "NL": "a4n10",
    "ES": "n20",
    "IT": "a1n10c12",
    "CH": "n5c12",
    "AT": "n16",
    "PL": "n24",
    "SE": "n20",
    "NO": "n11",
    "BE": "n12",
    "PT": "n21",
    "IE": "a4n14",
    "MT": "a4n5c18",
    "SA": "n2c18",
    "TR": "n6c16",
    "BR": "n23a1c1",
}
_ALPHABETS = {
    "n": "0123456789",
    "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "c": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}
_CARDS = (
    ("4", 16),
    ("51", 16),
    ("55", 16),
    ("2221", 16),
    ("2720", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("65", 16),
    ("36", 14),
    ("3530", 16),
    ("62", 16),
)


def iban(rng: random.Random, *, valid: bool = True) -> str:
    """Return an IBAN without spaces; an invalid one has a wrong check digit."""
    country = rng.choice(list(_BBAN))
    bban = _bban(rng, _BBAN[country])
    right = next(check for check in range(2, 99) if _remainder(bban + country, check) == 1)
    check = right if valid else (right + rng.randint(1, 90)) % 97 + 2
    if not valid and _remainder(bban + country, check) == 1:
        check = check % 97 + 2
    return f"{country}{check:02d}{bban}"


def _bban(rng: random.Random, structure: str) -> str:
    made, kind, count = "", "", ""
    for character in structure + "n":
        if character.isalpha():
            made += "".join(rng.choices(_ALPHABETS[kind], k=int(count))) if count else ""
            kind, count = character, ""
        else:
            count += character
    return made


def _remainder(text: str, check: int) -> int:
    rest = 0
    for character in f"{text}{check:02d}":
        value = ord(character) - 55 if character.isalpha() else int(character)
        rest = (rest * (100 if value > 9 else 10) + value) % 97
    return rest


def card(rng: random.Random, *, valid: bool = True) -> str:
    """Return a card number of a known issuer."""
    prefix, length = rng.choice(_CARDS)
    body = prefix + some_digits(rng, length - len(prefix) - 1)
    right = next(digit for digit in "0123456789" if _luhn_sum(body + digit) % 10 == 0)
    return body + (right if valid else str((int(right) + rng.randint(1, 9)) % 10))


def _luhn_sum(number: str) -> int:
    total = 0
    for index, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if index % 2 else 1)
        total += doubled // 10 + doubled % 10
    return total


def ssn(rng: random.Random, *, valid: bool = True) -> str:
    """Return nine digits of a social security number; an invalid one has a void part."""
    area = rng.choice([*range(1, 666), *range(667, 900)])
    group, serial = rng.randint(1, 99), rng.randint(1, 9999)
    if not valid:
        wrong = rng.randrange(3)
        area = rng.choice([0, 666, rng.randint(900, 999)]) if wrong == 0 else area
        group, serial = (0 if wrong == 1 else group), (0 if wrong == 2 else serial)
    return f"{area:03d}{group:02d}{serial:04d}"


def nino(rng: random.Random) -> str:
    """Return a national insurance number without spaces."""
    while True:
        prefix = rng.choice("ABCEGHJKLMNOPRSTWXYZ") + rng.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
            return prefix + some_digits(rng, 6) + rng.choice("ABCD")


def steuer_id(rng: random.Random, *, valid: bool = True) -> str:
    """Return eleven digits of a German tax number; an invalid one has a wrong last digit."""
    while True:
        chosen = rng.sample("0123456789", 9 if rng.random() < 0.6 else 8)
        first = chosen + [chosen[-1]] * (10 - len(chosen))
        rng.shuffle(first)
        text = "".join(first)
        if text[0] != "0" and not any(digit * 3 in text for digit in text):
            break
    carry = 10
    for digit in text:
        carry = (carry + int(digit)) % 10
        carry = (10 if carry == 0 else carry) * 2 % 11
    right = (11 - carry) % 10
    return text + str(right if valid else (right + rng.randint(1, 9)) % 10)


def my_number(rng: random.Random, *, valid: bool = True) -> str:
    """Return twelve digits of a Japanese individual number."""
    body = some_digits(rng, 11)
    total = 0
    for place in range(1, 12):  # from the right
        weight = place + 1 if place <= 6 else place - 5
        total += int(body[11 - place]) * weight
    right = 0 if total % 11 <= 1 else 11 - total % 11
    return body + str(right if valid else (right + rng.randint(1, 9)) % 10)
